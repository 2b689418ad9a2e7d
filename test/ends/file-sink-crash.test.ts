import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { Prng } from '../../runtime/base/prng.ts'
import { type FileSink, openFileSink } from '../../runtime/node/files/file-sink.ts'
import { judgeContent, openSink, outcomeOf, SinkScript, writeSink } from '../../runtime/ports/contracts/sink-script.ts'
import type { LanePosition } from '../../runtime/ports/sink.ts'
import { unframed } from './support/file-sink-under-test.ts'
import { MemoryDisk } from './support/memory-disk.ts'
import { tempFolder } from './support/temp-folder.ts'

type Durability = 'disk' | 'process'

function sinkOn(disk: MemoryDisk, durability: Durability): FileSink {
  return openFileSink({ sink: 'out', path: 'out', framing: 'lines', durability, disk })
}

/** Writes batches until they are done or the disk's process is stopped. Answers with how many outputs were confirmed. */
async function writeSome(disk: MemoryDisk, durability: Durability, batches: number): Promise<number> {
  const sink = sinkOn(disk, durability)
  let confirmed = 0
  const work = openSink(sink).then(async (positions) => {
    confirmed = total(positions)
    const script = new SinkScript(positions)
    // Two at a time: one is written alone, the next ones together.
    for (let i = 0; i < batches; i += 2) {
      const pair = [script.batch([i % 3, 1]), script.batch([2])]
      await Promise.all(
        pair.map(async (batch) => {
          if ((await writeSink(sink, batch)) === 'done') confirmed += batch.count
        }),
      )
    }
  })
  await Promise.race([work, stopped(disk)])
  return confirmed
}

/** Memory answers within a turn: when a few have passed without a call, nobody is running any more. */
async function stopped(disk: MemoryDisk): Promise<void> {
  while (disk.budget > 0) await new Promise(setImmediate)
}

async function judge(disk: MemoryDisk, durability: Durability): Promise<{ problems: string[]; count: number }> {
  const sink = sinkOn(disk, durability)
  const positions = await openSink(sink)
  await sink.close()
  return { problems: judgeContent(unframed('lines', disk.content('out')), positions), count: total(positions) }
}

function total(positions: readonly LanePosition[]): number {
  return positions.reduce((sum, { number }) => sum + number, 0)
}

describe('stopped at any byte', () => {
  test.each(['process', 'disk'] as const)(
    'content is exactly the outputs up to the positions, durability %s',
    async (durability) => {
      const whole = new MemoryDisk()
      whole.budget = 1 << 30
      await writeSome(whole, durability, 2)
      const bytes = (1 << 30) - whole.budget
      for (let budget = 0; budget <= bytes; budget++) {
        const disk = new MemoryDisk()
        disk.budget = budget
        const confirmed = await writeSome(disk, durability, 2)
        disk.kill()
        const { problems, count } = await judge(disk, durability)
        expect([budget, problems]).toEqual([budget, []])
        expect(count, `stopped after ${budget} bytes, ${confirmed} confirmed`).toBeGreaterThanOrEqual(confirmed)
      }
    },
  )
})

describe('stopped again and again', () => {
  test.prop([fc.nat(), fc.constantFrom<Durability>('disk', 'process')], { numRuns: 30 })(
    'by kills, and with durability disk by power cuts that lose any part of what was not synced',
    async (seed, durability) => {
      const prng = new Prng(seed, 1)
      const disk = new MemoryDisk()
      for (let round = 0; round < 8; round++) {
        disk.budget = prng.below(900)
        const confirmed = await writeSome(disk, durability, 6)
        if (durability === 'disk' && prng.chance(0.5)) disk.losePower(prng)
        else disk.kill()
        const { problems, count } = await judge(disk, durability)
        expect(problems).toEqual([])
        expect(count).toBeGreaterThanOrEqual(confirmed)
      }
    },
  )

  test('each thing is on the disk before the next: content, record, answer', async () => {
    const disk = new MemoryDisk()
    const sink = sinkOn(disk, 'disk')
    const script = new SinkScript(await openSink(sink))
    disk.calls.length = 0
    await writeSink(sink, script.batch([1]))
    expect(disk.calls.filter((call) => !/^(status|read)/.test(call))).toEqual([
      'write out',
      'sync out',
      'write out.millrace',
      'sync out.millrace',
    ])
    await sink.close()
  })
})

describe('a full disk', () => {
  test('is named, loses nothing, and is gone on from when there is room', async () => {
    const disk = new MemoryDisk()
    const sink = sinkOn(disk, 'disk')
    const script = new SinkScript(await openSink(sink))
    expect(await writeSink(sink, script.batch([1, 2]))).toBe('done')
    const before = { content: disk.content('out'), positions: script.positions() }
    disk.capacity = disk.used + 10
    expect(await outcomeOf(sink, script.batch([1, 1, 1, 1, 1]))).toMatchObject({ code: 'MR_DISK_FULL', certain: true })
    expect(disk.content('out')).toEqual(before.content)
    expect(await writeSink(sink, script.batch([2]))).toBe('MR_DISK_FULL')
    await sink.close()

    disk.capacity = Number.POSITIVE_INFINITY
    const again = sinkOn(disk, 'disk')
    const positions = await openSink(again)
    expect(positions).toEqual(before.positions)
    expect(await writeSink(again, new SinkScript(positions).batch([1, 1, 1, 1, 1]))).toBe('done')
    await again.close()
    expect((await judge(disk, 'disk')).problems).toEqual([])
  })

  test('where not even the record fits is a disk that is full, too', async () => {
    const disk = new MemoryDisk()
    disk.capacity = 20
    await expect(openSink(sinkOn(disk, 'disk'))).rejects.toMatchObject({ code: 'MR_DISK_FULL' })
    disk.capacity = Number.POSITIVE_INFINITY
    expect(await openSink(sinkOn(disk, 'disk'))).toEqual([])
  })
})

describe('a process that is killed', () => {
  /** Starts a process that writes as fast as it can, and is killed with this piece. Answers with what it had confirmed. */
  async function pumpUntilKilled(path: string, durability: Durability, piece: number): Promise<number> {
    const file = fileURLToPath(new URL('./support/sink-pump.ts', import.meta.url))
    const child = fork(file, [path, durability, String(piece)])
    let confirmed = 0
    child.on('message', (count: number) => {
      confirmed = count
    })
    const [, signal] = await once(child, 'close')
    expect(signal).toBe('SIGKILL')
    return confirmed
  }

  describe.each([
    ['process', 7],
    ['disk', 3],
  ] as const)('durability %s, %s times', (durability, kills) => {
    const pieces = fc.array(fc.nat(90), { minLength: kills, maxLength: kills })
    test.prop([pieces], { numRuns: 1, endOnFailure: true })(
      'loses nothing that was confirmed, and writes nothing twice',
      async (lives) => {
        await using folder = await tempFolder()
        const path = folder.path('out')
        for (const life of lives) {
          const confirmed = await pumpUntilKilled(path, durability, life)
          const sink = openFileSink({ sink: 'out', path, framing: 'u32', durability })
          const positions = await openSink(sink)
          await sink.close()
          expect(judgeContent(unframed('u32', await readFile(path)), positions)).toEqual([])
          expect(total(positions)).toBeGreaterThanOrEqual(confirmed)
        }
      },
      120_000,
    )
  })
})
