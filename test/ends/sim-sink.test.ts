import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { Prng } from '../../runtime/base/prng.ts'
import { sinkContract } from '../../runtime/ports/contracts/sink.ts'
import { judgeContent, SinkScript } from '../../runtime/ports/contracts/sink-script.ts'
import type { LanePosition, OutputBatch } from '../../runtime/ports/sink.ts'
import { SimOutside, SimSink, type SimSinkBugs, type SinkFault } from '../../runtime/sim/sim-sink.ts'
import { SimOrder } from './support/sim-order.ts'

const kinds = [1, 2, 3].flatMap((seed) => [['effectively-once', seed] as const, ['at-least-once', seed] as const])

describe.each(kinds)('the contract of a sink, a simulated one, %s, seed %i', (guarantee, seed) => {
  sinkContract(
    { describe, test, expect },
    {
      fresh: async () => {
        const prng = new Prng(seed, 1)
        const { schedule } = new SimOrder(prng, true)
        const outside = new SimOutside({ sink: 'out', guarantee })
        return {
          writer: () => new SimSink({ outside, schedule, prng }),
          content: async () => outside.outputs().map(({ bytes }) => bytes),
          kill: async (writer) => (writer as SimSink).crash(),
          dispose: () => Promise.resolve(),
        }
      },
      guarantee,
      kills: true,
    },
  )
})

interface Life {
  readonly outside: SimOutside
  readonly confirmed: number
  readonly log: readonly string[]
}

/**
 * A worker writes, crashes at a drawn moment, and its successor goes on: it has an outbox, so it knows every output there ever
 * was, and trusts the positions. In the end all is well, and 60 outputs are due.
 */
function live(seed: number, bugs: SimSinkBugs = {}): Life {
  const prng = new Prng(seed, 3)
  const order = new SimOrder(prng, false)
  const outside = new SimOutside({ sink: 'out', bugs })
  let confirmed = 0
  const start = (crashes: boolean): void => {
    const writer = new SimSink({ outside, schedule: order.schedule, prng })
    let left = crashes ? prng.below(40) : Number.POSITIVE_INFINITY
    writer.open((_, positions) => {
      confirmed = total(positions!)
      for (const batch of batchesAfter(positions!, prng)) {
        writer.write(batch, (error) => {
          if (error === undefined) confirmed = total(batch.positions)
        })
      }
    })
    while (left-- > 0 && order.step());
    if (crashes) writer.crash()
  }
  const crashes = 1 + prng.below(4)
  for (let i = 0; i < crashes; i++) start(true)
  start(false)
  return { outside, confirmed, log: order.log }
}

/** What one lane still owes at these positions, up to output 60. */
function batchesAfter(positions: readonly LanePosition[], prng: Prng): OutputBatch[] {
  const script = new SinkScript(positions)
  const batches: OutputBatch[] = []
  for (let due = 60 - total(positions); due > 0; ) {
    const size = Math.min(due, 1 + prng.below(9))
    batches.push(script.batch(new Array<number>(size).fill(1)))
    due -= size
  }
  return batches
}

function total(positions: readonly LanePosition[]): number {
  return positions.reduce((sum, { number }) => sum + number, 0)
}

function problemsOf({ outside, confirmed }: Life): string[] {
  const content = outside.outputs().map(({ bytes }) => bytes)
  const problems = judgeContent(content, outside.positions())
  if (content.length !== 60) problems.push(`${content.length} outputs, not 60`)
  if (confirmed !== 60) problems.push(`only ${confirmed} were confirmed`)
  return problems
}

describe('crashes, torn and late writes', () => {
  test.prop([fc.nat()], { numRuns: 150 })('leave each output once', (seed) => {
    expect(problemsOf(live(seed))).toEqual([])
  })

  test('the same seed is the same run', () => {
    expect(live(99).log).toEqual(live(99).log)
  })

  // Who begins at a position that was overtaken while it opened is refused there.
  test.each<[keyof SimSinkBugs, RegExp]>([
    ['positionBeforeContent', /^[1-5]\d outputs, not 60$/],
    ['noCut', /^([6-9]|\d\d)\d outputs, not 60$/],
    ['positionBeforeFencing', /^only \d+ were confirmed$/],
  ])('with the planted bug %s they do not, and it shows', (bug, sign) => {
    const lives = Array.from({ length: 100 }, (_, seed) => problemsOf(live(seed, { [bug]: true })))
    const found = lives.filter((problems) => problems.length > 0)
    expect(found.length).toBeGreaterThan(2)
    for (const problems of found) expect(problems.at(-1)).toMatch(sign)
  })

  test('outputs say their lane and number', () => {
    const { outside } = live(7)
    expect(outside.outputs().map(({ shard, number }) => [shard, number])).toEqual(
      Array.from({ length: 60 }, (_, i) => [1, i + 1]),
    )
  })
})

describe('faults', () => {
  test.each<[SinkFault, string, boolean, number]>([
    ['refused', 'MR_SINK_FAILED', true, 2],
    ['lost', 'MR_SINK_FAILED', false, 2],
    ['applied', 'MR_SINK_FAILED', false, 4],
    ['full', 'MR_DISK_FULL', true, 2],
  ])('%s', (fault, code, certain, count) => {
    const prng = new Prng(5, 5)
    const order = new SimOrder(prng, false)
    const outside = new SimOutside({ sink: 'out' })
    let asked = 0
    const ask = (): SinkFault | undefined => (++asked === 2 ? fault : undefined)
    const writer = new SimSink({ outside, schedule: order.schedule, prng, fault: ask })
    const script = new SinkScript()
    const told: unknown[] = []
    writer.open(() => {})
    order.settle()
    for (let i = 0; i < 3; i++) {
      writer.write(script.batch([i, 4]), (error) => told.push(error && { code: error.code, certain: error.certain }))
      order.settle()
    }
    // O4: nothing after the first failure.
    expect(told).toEqual([undefined, { code, certain }, { code, certain }])
    expect(outside.outputs().length).toBe(count)
  })
})
