import type { JournalEvent } from './journal.ts'
import type { Commit } from './history.ts'
import { type Problems, sameBytes } from './problems.ts'

/** What an outside of a sink holds in the end. A sink of several groups may have one outside for each. */
export interface SinkContent {
  readonly sink: string
  readonly guarantee: 'effectively-once' | 'at-least-once'
  /** In the order in which they are there. */
  readonly outputs: readonly { readonly shard: number; readonly number: number; readonly bytes: Uint8Array }[]
}

export interface ExpectedOutput {
  /** Undefined: a dead letter whose words are the runtime's own. */
  readonly bytes: Uint8Array | undefined
  readonly commit: Commit
}

/** Compares what sinks hold with what the plain handlers put out: per lane, in order. */
export class OutputCheck {
  readonly #problems: Problems
  readonly #lanes = new Map<string, Map<number, ExpectedOutput[]>>()

  constructor(problems: Problems) {
    this.#problems = problems
  }

  expect(sink: string, shard: number, output: ExpectedOutput): void {
    let lanes = this.#lanes.get(sink)
    if (lanes === undefined) this.#lanes.set(sink, (lanes = new Map()))
    const lane = lanes.get(shard)
    if (lane === undefined) lanes.set(shard, [output])
    else lane.push(output)
  }

  /** `complete`: nothing is still on its way. */
  finish(contents: readonly SinkContent[], journal: readonly JournalEvent[], complete: boolean): void {
    const forgot = journal.some(({ kind }) => kind === 'forgot')
    this.#checkMoments(journal)
    for (const [sink, lanes] of this.#lanes) {
      for (const [shard, expected] of lanes) {
        const content = contents.filter((content) => content.sink === sink)
        const found = content.flatMap(({ outputs }) => outputs.filter((output) => output.shard === shard))
        const once = content.every(({ guarantee }) => guarantee === 'effectively-once')
        if (!once && forgot) continue // it may hold what was forgotten, and cannot say so
        this.#compare(`sink "${sink}", lane of shard ${shard}`, expected, found, { once, complete })
      }
    }
    for (const { sink, guarantee, outputs } of contents) {
      if (guarantee === 'at-least-once' && forgot) continue // done again, a message may have gone to another lane
      for (const { shard, bytes } of outputs) {
        if (this.#lanes.get(sink)?.has(shard) !== true)
          this.#problems.add(
            'invented',
            `sink "${sink}" holds an output of shard ${shard}, which never had one: ${shown(bytes)}`,
          )
      }
    }
  }

  #compare(
    lane: string,
    expected: readonly ExpectedOutput[],
    found: SinkContent['outputs'],
    { once, complete }: { once: boolean; complete: boolean },
  ): void {
    let reached = 0
    for (const { number, bytes } of found) {
      const again = number <= reached
      if ((again && once) || number > reached + 1 || !isSame(expected[number - 1], bytes)) {
        const kind = again && once ? 'doubled' : number > reached + 1 ? 'lost' : 'output'
        const wanted = number <= expected.length ? shown(expected[number - 1]!.bytes) : 'no more'
        this.#problems.add(
          kind,
          `${lane}: found ${shown(bytes)} as output ${number} after output ${reached}, expected ${wanted}`,
        )
        return
      }
      reached = Math.max(reached, number)
    }
    if (complete && reached < expected.length)
      this.#problems.add(
        'lost',
        `${lane}: output ${reached + 1} of ${expected.length} is missing: ${shown(expected[reached]!.bytes)}`,
      )
  }

  /** RULE 1: nothing is handed to a sink before its commit is durable. */
  #checkMoments(journal: readonly JournalEvent[]): void {
    const forgotAt = new Map<number, number>()
    journal.forEach((event, at) => {
      if (event.kind === 'forgot') forgotAt.set(event.group, at)
    })
    journal.forEach((event, at) => {
      if (event.kind !== 'written') return
      if (at < (forgotAt.get(event.group) ?? 0)) return // the commit it came from may be among those that were forgotten
      for (const { shard, number } of event.positions) {
        const output = this.#lanes.get(event.sink)?.get(shard)?.[number - 1]
        if (output !== undefined && (output.commit.isAgain || output.commit.durableAt <= at)) continue
        this.#problems.add(
          'early',
          `sink "${event.sink}" was given output ${number} of shard ${shard} ${output === undefined ? 'which was never committed' : `before commit ${output.commit.number} was durable`}`,
        )
      }
    })
  }
}

function isSame(expected: ExpectedOutput | undefined, bytes: Uint8Array): boolean {
  return expected !== undefined && (expected.bytes === undefined || sameBytes(expected.bytes, bytes))
}

export function shown(bytes: Uint8Array | undefined): string {
  if (bytes === undefined) return 'a dead letter'
  let text = ''
  for (const byte of bytes.subarray(0, 200)) text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.'
  return `"${text}"`
}
