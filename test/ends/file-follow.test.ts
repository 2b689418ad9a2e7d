import { writeFileSync } from 'node:fs'
import { appendFile, rename, truncate, unlink, writeFile } from 'node:fs/promises'
import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { openFileSource } from '../../runtime/node/files/file-source.ts'
import type { Framing } from '../../runtime/node/files/framing.ts'
import { sourceContract } from '../../runtime/ports/contracts/source.ts'
import { recordsOf, SourceReading } from '../../runtime/ports/contracts/source-reading.ts'
import { fileSourceUnderTest } from './support/file-source-under-test.ts'
import { framed, framings, recordsFor, text } from './support/framed.ts'
import { tempFolder } from './support/temp-folder.ts'

describe.each(framings)('the contract of a source, a followed file, framing %s', (framing) => {
  sourceContract(
    { describe, test, expect },
    {
      // A frame that is not whole is one that is still being written: only a length beyond the limit is broken.
      fresh: () =>
        fileSourceUnderTest(framing, { follow: true, ...(framing === 'u16' ? { maxRecordBytes: 0xfff0 } : {}) }),
      follows: true,
      framed: framing !== 'lines',
    },
  )
})

/** A followed file and its reader, which has read what was there. */
async function following(
  path: string,
  content: string | Uint8Array,
  framing: Framing = 'lines',
): Promise<SourceReading> {
  await writeFile(path, content)
  const reading = new SourceReading((wake) =>
    openFileSource({ source: 'log', path, framing, follow: true, chunkBytes: 100, pollMs: 5, wake }),
  )
  reading.partition.seek(0, '')
  return reading
}

async function nextTexts(reading: SourceReading, count: number): Promise<string[]> {
  const texts: string[] = []
  while (texts.length < count) {
    const batch = await reading.batch(100)
    if (batch !== undefined) texts.push(...recordsOf(batch).map((record) => text(record.bytes)))
    else await reading.woken()
  }
  return texts
}

describe('a writer that is in the middle of it', () => {
  test('half a line is no record until its line break is there', async () => {
    await using folder = await tempFolder()
    const path = folder.path('log')
    const reading = await following(path, 'one\ntw')
    expect(await nextTexts(reading, 1)).toEqual(['one'])
    expect(await reading.batch(10)).toBeUndefined()
    expect(reading.partition.atEnd).toBe(true)
    await appendFile(path, 'o\r')
    await appendFile(path, '\nthree\nfo')
    expect(await nextTexts(reading, 2)).toEqual(['two', 'three'])
    await reading.partition.close()
  })

  test.prop(
    [
      fc.constantFrom<Framing>(...framings).chain((framing) => fc.tuple(fc.constant(framing), recordsFor(framing, 12))),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }),
    ],
    { numRuns: 40 },
  )('whatever pieces it writes, the records come', async ([framing, records], pieces) => {
    await using folder = await tempFolder()
    const path = folder.path('log')
    const content = framed(framing, records)
    const reading = await following(path, '', framing)
    const coming = nextTexts(reading, records.length)
    for (let at = 0, i = 0; at < content.length; i++) {
      const size = pieces[i % pieces.length]!
      await appendFile(path, content.subarray(at, at + size))
      at += size
    }
    expect(await coming).toEqual(records.map(text))
    await reading.partition.close()
  })
})

describe('a log that is rotated', () => {
  const filled = 'x'.repeat(99)

  test('renamed and made anew: what was in the old one is read, and then it says so', async () => {
    await using folder = await tempFolder()
    const path = folder.path('log')
    const reading = await following(path, 'one\n')
    await nextTexts(reading, 1)
    await appendFile(path, 'two\n')
    await rename(path, `${path}.1`)
    await writeFile(path, 'three\n')
    const { code, records } = await reading.failure()
    expect([code, records.map((record) => text(record.bytes))]).toEqual(['MR_SOURCE_REPLACED', ['two']])
    expect(reading.partition.failed!.message).toContain('log rotation?')
    await reading.partition.close()
  })

  test('removed', async () => {
    await using folder = await tempFolder()
    const path = folder.path('log')
    const reading = await following(path, 'one\n')
    await nextTexts(reading, 1)
    await unlink(path)
    expect((await reading.failure()).code).toBe('MR_SOURCE_REPLACED')
    await reading.partition.close()
  })

  test('cut in place', async () => {
    await using folder = await tempFolder()
    const path = folder.path('log')
    const reading = await following(path, 'one\ntwo\n')
    await nextTexts(reading, 2)
    await truncate(path, 4)
    const { code, records } = await reading.failure()
    expect([code, records]).toEqual(['MR_SOURCE_SHRANK', []])
    await reading.partition.close()
  })

  test('cut in place and refilled beyond where it was, between two looks', async () => {
    await using folder = await tempFolder()
    const path = folder.path('log')
    const reading = await following(path, `${filled}\n`)
    await nextTexts(reading, 1)
    await reading.batch(1)
    // Synchronously: no look falls between the two.
    writeFileSync(path, `${'y'.repeat(99)}\nnew line\n`)
    const { code, records } = await reading.failure()
    expect([code, records]).toEqual(['MR_SOURCE_REPLACED', []])
    await reading.partition.close()
  })
})

test('without notifications and without a poll in sight, closing ends the wait', async () => {
  await using folder = await tempFolder()
  const path = folder.path('log')
  await writeFile(path, '')
  const reading = new SourceReading((wake) =>
    openFileSource({ source: 'log', path, framing: 'lines', follow: true, pollMs: 1 << 30, wake }),
  )
  reading.partition.seek(0, '')
  await reading.rest(1)
  await reading.partition.close()
  expect(reading.partition.atEnd).toBe(false)
})
