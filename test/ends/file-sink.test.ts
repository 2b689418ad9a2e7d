import { Buffer } from 'node:buffer'
import { appendFile, mkdir, open, readFile, rename, rm, stat, truncate, unlink, writeFile } from 'node:fs/promises'
import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import type { MillraceError } from '../../runtime/base/errors.ts'
import { type FileSink, openFileSink } from '../../runtime/node/files/file-sink.ts'
import { openFileSource } from '../../runtime/node/files/file-source.ts'
import type { Framing } from '../../runtime/node/files/framing.ts'
import { slotBytes } from '../../runtime/node/files/sink-record.ts'
import { sinkContract } from '../../runtime/ports/contracts/sink.ts'
import { openSink, outcomeOf, SinkScript, writeSink } from '../../runtime/ports/contracts/sink-script.ts'
import { readFrom } from '../../runtime/ports/contracts/source-reading.ts'
import type { LanePosition, OutputBatch } from '../../runtime/ports/sink.ts'
import { fileSinkUnderTest } from './support/file-sink-under-test.ts'
import { bytes, framings, recordsFor, text } from './support/framed.ts'
import { type TempFolder, tempFolder } from './support/temp-folder.ts'

describe.each([
  ['lines', 'disk'],
  ['u32', 'process'],
  ['u16', 'process'],
] as const)('the contract of a sink, a file with framing %s and durability %s', (framing, durability) => {
  sinkContract(
    { describe, test, expect },
    { fresh: () => fileSinkUnderTest({ framing, durability }), guarantee: 'effectively-once', kills: false },
  )
})

function sinkAt(folder: TempFolder, framing: Framing = 'lines'): FileSink {
  return openFileSink({ sink: 'out', path: folder.path('out'), framing, durability: 'process' })
}

function batchOf(outputs: readonly Uint8Array[], first: number): OutputBatch {
  const buffer = Buffer.concat([bytes('before'), ...outputs])
  const ends = outputs.map((_, i) => 6 + outputs.slice(0, i + 1).reduce((sum, output) => sum + output.length, 0))
  return {
    count: outputs.length,
    buffer,
    starts: ends.map((end, i) => end - outputs[i]!.length),
    ends,
    shards: outputs.map(() => 7),
    keys: undefined,
    positions: [{ shard: 7, number: first + outputs.length, chainHigh: 1, chainLow: 2 }],
  }
}

async function positionsIn(folder: TempFolder, framing: Framing = 'lines'): Promise<readonly LanePosition[]> {
  const sink = sinkAt(folder, framing)
  const positions = await openSink(sink)
  await sink.close()
  return positions
}

async function refusal(folder: TempFolder, framing: Framing = 'lines'): Promise<MillraceError> {
  const sink = sinkAt(folder, framing)
  const error = await openSink(sink).then(
    () => undefined,
    (reason: MillraceError) => reason,
  )
  await sink.close()
  return error!
}

/** A file with ten outputs, and its record. */
async function written(folder: TempFolder): Promise<SinkScript> {
  const sink = sinkAt(folder)
  const script = new SinkScript(await openSink(sink))
  for (let i = 0; i < 5; i++) await writeSink(sink, script.batch([1, 2]))
  await sink.close()
  return script
}

describe('what is written', () => {
  test.prop([
    fc
      .constantFrom<Framing>(...framings)
      .chain((framing) => fc.tuple(fc.constant(framing), fc.array(recordsFor(framing, 12), { maxLength: 5 }))),
  ])('is what a source of the same framing reads', async ([framing, batches]) => {
    await using folder = await tempFolder()
    const sink = sinkAt(folder, framing)
    await openSink(sink)
    let count = 0
    const codes = batches.map((outputs) => {
      const code = writeSink(sink, batchOf(outputs, count))
      count += outputs.length
      return code
    })
    expect(new Set(await Promise.all(codes))).toEqual(new Set(batches.length > 0 ? ['done'] : []))
    await sink.close()
    const open = (wake: () => void) =>
      openFileSource({ source: 'back', path: folder.path('out'), framing, follow: false, wake })
    const { records } = await readFrom(open, 0, '')
    expect(records.map((record) => text(record.bytes))).toEqual(batches.flat().map(text))
  })

  test('batches that come in one turn are one commit', async () => {
    await using folder = await tempFolder()
    const sink = sinkAt(folder)
    const script = new SinkScript(await openSink(sink))
    const sequence = async (): Promise<number> => {
      const record = await readFile(folder.path('out.millrace'))
      return Math.max(record.readDoubleBE(16), record.readDoubleBE(slotBytes + 16))
    }
    const before = await sequence()
    await Promise.all(Array.from({ length: 50 }, () => writeSink(sink, script.batch([1, 2, 3]))))
    expect(await sequence()).toBe(before + 1)
    await sink.close()
  })

  test('4,096 lanes have room in the record', async () => {
    await using folder = await tempFolder()
    const sink = sinkAt(folder)
    const script = new SinkScript(await openSink(sink))
    const all = Array.from({ length: 4_096 }, (_, shard) => shard)
    expect(await writeSink(sink, script.batch(all))).toBe('done')
    expect(await writeSink(sink, script.batch(all))).toBe('done')
    await sink.close()
    expect(await positionsIn(folder)).toEqual(script.positions())
  })
})

describe('an output that its framing cannot hold', () => {
  test.each([
    ['lines', 'a\nb', 'MR_ENCODE_FAILED'],
    ['lines', 'a\r', 'MR_ENCODE_FAILED'],
    ['lines', 'a\rb', undefined],
    ['lines', '', undefined],
    ['u32', 'a\nb\r', undefined],
    ['u16', 'x'.repeat(65_535), undefined],
    ['u16', 'x'.repeat(65_536), 'MR_MESSAGE_TOO_LARGE'],
    ['u32', 'x'.repeat((1 << 20) + 1), 'MR_MESSAGE_TOO_LARGE'],
  ] as const)('framing %s is asked before the commit', async (framing, output, code) => {
    await using folder = await tempFolder()
    const content = bytes(output)
    expect(sinkAt(folder, framing).check(content, 0, content.length)?.code).toBe(code)
  })

  test.each([
    ['lines', 'short\nline'],
    ['lines', `a line of more than thirty-two bytes\n${'x'.repeat(40)}`],
    ['lines', `${'x'.repeat(40)}\r`],
    ['u16', 'x'.repeat(70_000)],
  ] as const)(
    'and if it comes nonetheless, what is before it is written, and nothing after',
    async (framing, output) => {
      await using folder = await tempFolder()
      const sink = sinkAt(folder, framing)
      await openSink(sink)
      const codes = [
        writeSink(sink, batchOf([bytes('one'), bytes('two')], 0)),
        writeSink(sink, batchOf([bytes('three'), bytes(output)], 2)),
        writeSink(sink, batchOf([bytes('five')], 4)),
      ]
      expect(await Promise.all(codes)).toEqual(['done', 'MR_SINK_FAILED', 'MR_SINK_FAILED'])
      await sink.close()
      const positions = await positionsIn(folder, framing)
      expect(positions.map(({ number }) => number)).toEqual([2])
    },
  )
})

describe('at open', () => {
  test('a file that Millrace did not write is not touched', async () => {
    await using folder = await tempFolder()
    await writeFile(folder.path('out'), 'precious\n')
    const error = await refusal(folder)
    expect(error.code).toBe('MR_SINK_DIVERGED')
    expect(error.message).toContain('Millrace never writes over what it does not know')
    expect(await readFile(folder.path('out'), 'utf8')).toBe('precious\n')
    expect(await stat(folder.path('out.millrace')).catch(() => 'none')).toBe('none')
  })

  test('an empty file is as good as none', async () => {
    await using folder = await tempFolder()
    await writeFile(folder.path('out'), '')
    const sink = sinkAt(folder)
    expect(await openSink(sink)).toEqual([])
    await sink.close()
  })

  test('a torn tail is cut', async () => {
    await using folder = await tempFolder()
    const script = await written(folder)
    const before = await readFile(folder.path('out'))
    await appendFile(folder.path('out'), '1:6:half an out')
    const sink = sinkAt(folder)
    expect(await openSink(sink)).toEqual(script.positions())
    expect(await readFile(folder.path('out'))).toEqual(before)
    await sink.close()
  })

  test.each<[string, (path: string) => Promise<void>, string]>([
    ['shorter', (path) => truncate(path, 20), 'has 20 bytes, and'],
    ['gone', (path) => unlink(path), 'is gone'],
    [
      'of the same length, with other content',
      async (path) => {
        const file = await open(path, 'r+')
        await file.write('#', 30)
        await file.close()
      },
      'does not contain between byte 0 and',
    ],
    [
      'without a record that can be read',
      (path) => writeFile(`${path}.millrace`, 'nonsense'.repeat(9)),
      'cannot be read',
    ],
    ['without a record', (path) => rm(`${path}.millrace`), 'no record beside it'],
  ])('a file that is %s is refused', async (_, spoil, message) => {
    await using folder = await tempFolder()
    await written(folder)
    await spoil(folder.path('out'))
    const error = await refusal(folder)
    expect([error.code, error.message.includes(message)], error.message).toEqual(['MR_SINK_DIVERGED', true])
  })

  test('another framing is refused', async () => {
    await using folder = await tempFolder()
    await written(folder)
    expect((await refusal(folder, 'u32')).message).toContain('was written with framing lines, not u32')
  })

  test('a record of another version is refused', async () => {
    await using folder = await tempFolder()
    await written(folder)
    const record = await readFile(folder.path('out.millrace'))
    for (const slot of [0, slotBytes]) {
      record[slot + 3] = 50 // 'MRS2'
    }
    await writeFile(folder.path('out.millrace'), record)
    expect((await refusal(folder)).code).toBe('MR_DATA_FORMAT_UNKNOWN')
  })

  test('a record that was torn leaves the one before it', async () => {
    await using folder = await tempFolder()
    const sink = sinkAt(folder)
    const script = new SinkScript(await openSink(sink))
    await writeSink(sink, script.batch([1, 2]))
    const before = script.positions()
    await writeSink(sink, script.batch([1, 2]))
    await sink.close()
    const record = await readFile(folder.path('out.millrace'))
    const newest = record.readDoubleBE(16) > record.readDoubleBE(slotBytes + 16) ? 0 : slotBytes
    const file = await open(folder.path('out.millrace'), 'r+')
    await file.write(Buffer.from([0xff]), 0, 1, newest + 60)
    await file.close()
    expect(await positionsIn(folder)).toEqual(before)
  })

  test.each([
    ['a directory', (folder: TempFolder) => mkdir(folder.path('out')), 'not a regular file'],
    ['a path in no directory', (folder: TempFolder) => rm(folder.path(''), { recursive: true }), 'ENOENT'],
  ])('%s is MR_SINK_FAILED', async (_, prepare, message) => {
    await using folder = await tempFolder()
    await prepare(folder)
    const error = await refusal(folder)
    expect([error.code, error.message.includes(message)], error.message).toEqual(['MR_SINK_FAILED', true])
  })
})

describe('while it is written to', () => {
  test.each<[string, (path: string) => Promise<void>, string]>([
    ['moved away (log rotation)', (path) => rename(path, `${path}.1`), 'was moved, removed or replaced'],
    ['removed', (path) => unlink(path), 'was moved, removed or replaced'],
    ['written to by somebody else', (path) => appendFile(path, 'hello\n'), 'somebody else writes to it'],
  ])('a file that is %s is noticed before the next commit', async (_, spoil, message) => {
    await using folder = await tempFolder()
    const sink = sinkAt(folder)
    const script = new SinkScript(await openSink(sink))
    expect(await writeSink(sink, script.batch([1]))).toBe('done')
    await spoil(folder.path('out'))
    const error = await outcomeOf(sink, script.batch([1]))
    expect([error?.code, error?.message.includes(message)]).toEqual(['MR_SINK_DIVERGED', true])
    expect(await writeSink(sink, script.batch([1]))).toBe('MR_SINK_DIVERGED')
    await sink.close()
  })
})
