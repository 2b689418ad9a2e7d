import { once } from 'node:events'
import { PassThrough, Writable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import type { Framing } from '../../runtime/node/files/framing.ts'
import { openStdinSource } from '../../runtime/node/stdio/stdin-source.ts'
import { openStdoutSink } from '../../runtime/node/stdio/stdout-sink.ts'
import { sinkContract } from '../../runtime/ports/contracts/sink.ts'
import { openSink, SinkScript, writeSink } from '../../runtime/ports/contracts/sink-script.ts'
import { recordsOf, SourceReading } from '../../runtime/ports/contracts/source-reading.ts'
import { unframed } from './support/file-sink-under-test.ts'
import { bytes, framed, text } from './support/framed.ts'

function reading(input: PassThrough, framing: Framing = 'lines'): SourceReading {
  return new SourceReading((wake) => openStdinSource({ source: 'in', framing, wake, input }))
}

async function texts(from: SourceReading, maxRecords: number = 100): Promise<string[]> {
  return (await from.rest(maxRecords)).records.map((record) => text(record.bytes))
}

describe('standard input', () => {
  test('gives lines, whatever pieces they come in; the last one needs no line break', async () => {
    const input = new PassThrough()
    const stdin = reading(input)
    stdin.partition.seek(0, '')
    const coming = texts(stdin)
    for (const piece of ['on', 'e\r', '\ntwo\n', '\n', 'thr', 'ee']) input.write(piece)
    input.end()
    expect(await coming).toEqual(['one', 'two', '', 'three'])
    expect(stdin.partition.atEnd).toBe(true)
    await stdin.partition.close()
  })

  test('gives frames, and says where they break', async () => {
    const input = new PassThrough()
    const stdin = reading(input, 'u16')
    stdin.partition.seek(0, '')
    input.end(Buffer.concat([framed('u16', [bytes('ab'), bytes('')]), Buffer.from([0])]))
    expect(await texts(stdin)).toEqual(['ab', ''])
    expect(stdin.partition.failed?.code).toBe('MR_FRAMING_BROKEN')
    expect(stdin.partition.failed?.message).toContain('at byte 6 of standard input')
  })

  test('what is not confirmed can be read again; what is, cannot', async () => {
    const input = new PassThrough()
    const stdin = reading(input)
    stdin.partition.seek(0, '')
    for (const piece of ['a\nb', 'b\nc\n', 'd\n']) input.write(piece)
    input.end()
    const first = await stdin.rest(1)
    for (const { next, count } of first.positions) {
      stdin.partition.seek(next, '')
      expect((await stdin.rest(10)).records).toEqual(first.records.slice(count))
    }
    stdin.partition.seek(0, '')
    expect((await stdin.rest(10)).records).toEqual(first.records)
    stdin.partition.confirm(first.positions[2]!.next)
    stdin.partition.seek(first.positions[2]!.next, '')
    expect(await texts(stdin)).toEqual(['d'])
    stdin.partition.seek(0, '')
    expect(stdin.partition.failed?.code).toBe('MR_SOURCE_FAILED')
    expect(await stdin.batch(10)).toBeUndefined()
    await stdin.partition.close()
  })

  test('after a restart, positions count on and reading goes on with what comes', async () => {
    const input = new PassThrough()
    const stdin = reading(input)
    stdin.partition.seek(1_000, 'the proof of another life')
    input.end('next\n')
    const batch = (await stdin.batch(10))!
    expect(recordsOf(batch)).toEqual([{ offset: 1_000, bytes: bytes('next') }])
    expect([batch.next, batch.proof]).toEqual([1_005, ''])
    await stdin.partition.close()
  })

  test('is not read on while what was read waits', async () => {
    const input = new PassThrough()
    const stdin = reading(input)
    stdin.partition.seek(0, '')
    const paused = once(input, 'pause')
    const line = Buffer.from(`${'x'.repeat(9_999)}\n`)
    // More than is read ahead plus what the stream itself holds.
    for (let i = 0; i < 150; i++) input.write(line)
    input.end()
    await paused
    expect(input.readableFlowing).toBe(false)
    let count = 0
    for (let batch = await stdin.batch(7); batch !== undefined; batch = await stdin.batch(7)) count += batch.count
    expect(count).toBe(150)
    await stdin.partition.close()
  })

  test('a stream that breaks fails, after the lines that came', async () => {
    const input = new PassThrough()
    const stdin = reading(input)
    stdin.partition.seek(0, '')
    input.write('a\nb')
    expect(recordsOf((await stdin.batch(1))!).map((record) => text(record.bytes))).toEqual(['a'])
    input.destroy(new Error('pipe is gone'))
    const { code } = await stdin.failure()
    expect([code, stdin.partition.failed!.message.includes('pipe is gone')]).toEqual(['MR_SOURCE_FAILED', true])
    await stdin.partition.close()
  })
})

/** A pipe with a reader that takes its time. */
class SlowPipe extends Writable {
  readonly chunks: Buffer[] = []

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    setImmediate(() => {
      this.chunks.push(Buffer.from(chunk))
      done()
    })
  }
}

describe('standard output', () => {
  describe('the contract of a sink', () => {
    sinkContract(
      { describe, test, expect },
      {
        fresh: async () => {
          const output = new SlowPipe()
          return {
            writer: () => openStdoutSink({ sink: 'out', framing: 'lines', output }),
            content: async () => unframed('lines', Buffer.concat(output.chunks)),
            kill: () => Promise.reject(new Error('it is this process')),
            dispose: () => Promise.resolve(),
          }
        },
        guarantee: 'at-least-once',
        kills: false,
      },
    )
  })

  test('what comes while a write is under way goes out in one write', async () => {
    const output = new SlowPipe()
    const sink = openStdoutSink({ sink: 'out', framing: 'lines', output })
    await openSink(sink)
    const script = new SinkScript()
    const first = writeSink(sink, script.batch([1]))
    await Promise.resolve()
    await Promise.all([first, ...Array.from({ length: 20 }, () => writeSink(sink, script.batch([1])))])
    expect(output.chunks.map((chunk) => unframed('lines', chunk).length)).toEqual([1, 20])
    await sink.close()
  })

  test('an output that its framing cannot hold fails the sink; what came before it is written', async () => {
    const output = new SlowPipe()
    const sink = openStdoutSink({ sink: 'out', framing: 'lines', output })
    await openSink(sink)
    const script = new SinkScript()
    const [good, bad, late] = [script.batch([1, 1]), script.batch([1]), script.batch([1])]
    bad.buffer[3] = 10
    expect(await Promise.all([good, bad, late].map((batch) => writeSink(sink, batch)))).toEqual([
      'done',
      'MR_SINK_FAILED',
      'MR_SINK_FAILED',
    ])
    expect(unframed('lines', Buffer.concat(output.chunks)).length).toBe(2)
    await sink.close()
  })

  test('a reader that goes away fails the sink, and does not end the process', async () => {
    const output = new SlowPipe()
    const sink = openStdoutSink({ sink: 'out', framing: 'lines', output })
    await openSink(sink)
    const script = new SinkScript()
    expect(await writeSink(sink, script.batch([1]))).toBe('done')
    output.destroy(new Error('EPIPE'))
    expect(await writeSink(sink, script.batch([1]))).toBe('MR_SINK_FAILED')
    expect(await writeSink(sink, script.batch([1]))).toBe('MR_SINK_FAILED')
    await sink.close()
  })
})
