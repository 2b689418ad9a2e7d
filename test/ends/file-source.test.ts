import { appendFile, mkdir, open, readdir, readlink, writeFile } from 'node:fs/promises'
import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import type { MillraceError } from '../../runtime/base/errors.ts'
import { type FileSourceOptions, openFileSource } from '../../runtime/node/files/file-source.ts'
import type { Framing } from '../../runtime/node/files/framing.ts'
import { sourceContract } from '../../runtime/ports/contracts/source.ts'
import { readFrom, SourceReading } from '../../runtime/ports/contracts/source-reading.ts'
import type { SourcePartition } from '../../runtime/ports/source.ts'
import { fileSourceUnderTest } from './support/file-source-under-test.ts'
import { bytes, framed, framings, recordsFor, text } from './support/framed.ts'
import { type TempFolder, tempFolder } from './support/temp-folder.ts'

describe.each(framings)('the contract of a source, a file read to its end, framing %s', (framing) => {
  sourceContract(
    { describe, test, expect },
    { fresh: () => fileSourceUnderTest(framing), follows: false, framed: framing !== 'lines' },
  )
})

function opener(folder: TempFolder, options: Partial<FileSourceOptions> = {}): (wake: () => void) => SourcePartition {
  return (wake) =>
    openFileSource({ source: 'quotes', path: folder.path('f'), framing: 'lines', follow: false, ...options, wake })
}

async function failureOf(folder: TempFolder, next: number, proof: string, options = {}): Promise<MillraceError> {
  const reading = new SourceReading(opener(folder, options))
  reading.partition.seek(next, proof)
  await reading.rest(100)
  const error = reading.partition.failed!
  await reading.partition.close()
  return error
}

describe('any file', () => {
  test.prop([
    fc.constantFrom<Framing>(...framings).chain((framing) => fc.tuple(fc.constant(framing), recordsFor(framing))),
    fc.integer({ min: 1, max: 200 }),
    fc.integer({ min: 1, max: 3 }),
    fc.integer({ min: 1, max: 20 }),
  ])(
    'is read back as it was written, from every position',
    async ([framing, records], chunkBytes, aheadChunks, max) => {
      await using folder = await tempFolder()
      await writeFile(folder.path('f'), framed(framing, records))
      const open = opener(folder, { framing, chunkBytes, aheadChunks })
      const all = await readFrom(open, 0, '', max)
      expect(all.records.map((record) => text(record.bytes))).toEqual(records.map(text))
      for (const { next, proof, count } of all.positions.filter((_, i) => i % 3 === 0)) {
        expect((await readFrom(open, next, proof)).records).toEqual(all.records.slice(count))
      }
    },
  )

  test('larger than the chunks that are read ahead, with records larger than a chunk', async () => {
    await using folder = await tempFolder()
    const records = Array.from({ length: 400 }, (_, i) => new Uint8Array((i * 7_919) % 9_000).fill(65 + (i % 20)))
    await writeFile(folder.path('f'), framed('u32', records))
    const read = await readFrom(opener(folder, { framing: 'u32', chunkBytes: 4_096 }), 0, '')
    expect(read.records.map((record) => record.bytes.length)).toEqual(records.map((record) => record.length))
    expect(read.records.every((record, i) => text(record.bytes) === text(records[i]!))).toBe(true)
  })
})

describe('what cannot be read', () => {
  test.each([false, true])('a missing file, followed: %s', async (follow) => {
    await using folder = await tempFolder()
    const error = await failureOf(folder, 0, '', { follow })
    expect(error.code).toBe('MR_SOURCE_FAILED')
    expect(error.message).toContain(folder.path('f'))
  })

  test('a directory', async () => {
    await using folder = await tempFolder()
    await mkdir(folder.path('f'))
    expect((await failureOf(folder, 0, '')).message).toContain('not a regular file')
  })

  test('can be sought again once it is there', async () => {
    await using folder = await tempFolder()
    const reading = new SourceReading(opener(folder))
    reading.partition.seek(0, '')
    await reading.rest(10)
    expect(reading.partition.failed?.code).toBe('MR_SOURCE_FAILED')
    await writeFile(folder.path('f'), 'a\n')
    reading.partition.seek(0, '')
    expect((await reading.rest(10)).records.map((record) => text(record.bytes))).toEqual(['a'])
    await reading.partition.close()
  })
})

describe('a last line without a line break', () => {
  async function readUnterminated(folder: TempFolder): Promise<{ next: number; proof: string }> {
    await writeFile(folder.path('f'), 'one\ntwo')
    const { records, positions } = await readFrom(opener(folder), 0, '')
    expect(records.map((record) => text(record.bytes))).toEqual(['one', 'two'])
    return positions.at(-1)!
  }

  test.each(['\n', '\r\n'])('that gets its line break %j later is not read twice', async (lineBreak) => {
    await using folder = await tempFolder()
    const { next, proof } = await readUnterminated(folder)
    expect(await readFrom(opener(folder), next, proof)).toEqual({ records: [], positions: [], code: undefined })
    await appendFile(folder.path('f'), `${lineBreak}three\n`)
    const { records } = await readFrom(opener(folder), next, proof)
    expect(records.map((record) => text(record.bytes))).toEqual(['three'])
  })

  test('that grows was half a record: refused', async () => {
    await using folder = await tempFolder()
    const { next, proof } = await readUnterminated(folder)
    await appendFile(folder.path('f'), ' and a half\nthree\n')
    const error = await failureOf(folder, next, proof)
    expect(error.code).toBe('MR_SOURCE_REPLACED')
    expect(error.message).toContain('since then it has grown, at byte 7')
  })
})

describe('a file that is not the one that was read', () => {
  const before = Array.from({ length: 40 }, (_, i) => `line ${i}\n`).join('')

  test.each([
    ['its first byte', 0],
    ['the byte before the position', 300],
  ])('%s is another', async (_, at) => {
    await using folder = await tempFolder()
    await writeFile(folder.path('f'), before)
    const { next, proof } = (await readFrom(opener(folder), 0, '')).positions.at(-1)!
    const file = await open(folder.path('f'), 'r+')
    await file.write('#', at)
    await file.close()
    const error = await failureOf(folder, next, proof)
    expect([error.code, error.message.includes(folder.path('f'))]).toEqual(['MR_SOURCE_REPLACED', true])
  })

  test('names both sizes when it is shorter', async () => {
    await using folder = await tempFolder()
    await writeFile(folder.path('f'), 'abc\n')
    const error = await failureOf(folder, 9_000, '')
    expect(error.code).toBe('MR_SOURCE_SHRANK')
    expect(error.message).toContain('was read up to byte 9000 and now ends at byte 4')
  })

  test('a proof of another kind of source does not fit', async () => {
    await using folder = await tempFolder()
    await writeFile(folder.path('f'), before)
    expect((await failureOf(folder, 7, '0011223344556677')).code).toBe('MR_SOURCE_REPLACED')
  })
})

test('a line above the limit comes as one record that is too large, and the rest as ever', async () => {
  await using folder = await tempFolder()
  await writeFile(folder.path('f'), `a\n${'x'.repeat(5_000)}\nb\n`)
  const { records } = await readFrom(opener(folder, { chunkBytes: 512, maxRecordBytes: 1_000 }), 0, '')
  expect(records.map(({ offset, bytes }) => [offset, bytes.length])).toEqual([
    [0, 1],
    [2, 1_001],
    [5_003, 1],
  ])
})

test('a file is closed when its reader is, also one that was sought away from', async () => {
  await using folder = await tempFolder()
  await writeFile(folder.path('f'), framed('lines', [bytes('a')]))
  const reading = new SourceReading(opener(folder, { follow: true }))
  for (let i = 0; i < 20; i++) reading.partition.seek(0, '')
  expect((await reading.rest(10)).records).toEqual([{ offset: 0, bytes: bytes('a') }])
  await reading.partition.close()
  expect(reading.partition.poll(10)).toBeUndefined()
  // Where the platform shows them.
  const files = await readdir('/proc/self/fd').catch(() => [])
  const targets = await Promise.all(files.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')))
  expect(targets.filter((target) => target === folder.path('f'))).toEqual([])
})
