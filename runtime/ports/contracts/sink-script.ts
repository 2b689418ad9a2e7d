import { Chain } from '../../base/hash.ts'
import type { MillraceError } from '../../base/errors.ts'
import type { LanePosition, OutputBatch, SinkPort } from '../sink.ts'

/**
 * Outputs that say which they are: `shard:number`, in any mix of lanes. Who has seen a sink's content can tell from it what is
 * missing, double or out of order.
 */
export class SinkScript {
  readonly #lanes = new Map<number, { number: number; chain: Chain }>()

  /** Goes on where a sink is. */
  constructor(positions: readonly LanePosition[] = []) {
    for (const { shard, number, chainHigh, chainLow } of positions) {
      this.#lanes.set(shard, { number, chain: new Chain(chainHigh, chainLow) })
    }
  }

  /** One output for each entry: the shard it comes from. */
  batch(shards: readonly number[]): OutputBatch {
    const outputs = shards.map((shard) => this.#next(shard))
    const ends: number[] = []
    const starts: number[] = []
    let size = 0
    for (const output of outputs) {
      starts.push(size)
      size += output.length
      ends.push(size)
    }
    const buffer = new Uint8Array(size)
    outputs.forEach((output, i) => buffer.set(output, starts[i]))
    const positions = [...new Set(shards)].map((shard) => this.#position(shard))
    return { count: shards.length, buffer, starts, ends, shards, keys: undefined, positions }
  }

  positions(): readonly LanePosition[] {
    return [...this.#lanes.keys()].map((shard) => this.#position(shard))
  }

  #next(shard: number): Uint8Array {
    let lane = this.#lanes.get(shard)
    if (lane === undefined) this.#lanes.set(shard, (lane = { number: 0, chain: new Chain() }))
    lane.number += 1
    const bytes = outputOf(shard, lane.number)
    lane.chain.add(bytes, 0, bytes.length)
    return bytes
  }

  #position(shard: number): LanePosition {
    const { number, chain } = this.#lanes.get(shard)!
    return { shard, number, chainHigh: chain.high, chainLow: chain.low }
  }
}

/** Its text, with a tail whose length depends on it. */
function outputOf(shard: number, number: number): Uint8Array {
  const name = `${shard}:${number}:`
  const bytes = new Uint8Array(name.length + ((shard * 7 + number * 13) % 90)).fill(120)
  for (let i = 0; i < name.length; i++) bytes[i] = name.charCodeAt(i)
  return bytes
}

/** What is wrong with the content of a sink at these positions; nothing: it is exactly the outputs up to them, each lane in order. */
export function judgeContent(content: readonly Uint8Array[], positions: readonly LanePosition[]): string[] {
  const problems: string[] = []
  const seen = new Map<number, number>()
  for (const bytes of content) {
    const [shard, number] = nameOf(bytes)
    const due = (seen.get(shard) ?? 0) + 1
    const expected = outputOf(shard, number)
    if (number !== due) problems.push(`${shard}:${number} came where ${shard}:${due} was due`)
    if (expected.length !== bytes.length) problems.push(`${shard}:${number} is not whole`)
    seen.set(shard, number)
  }
  for (const { shard, number } of positions) {
    if ((seen.get(shard) ?? 0) !== number)
      problems.push(`lane ${shard} ends at ${seen.get(shard) ?? 0}, not at ${number}`)
    seen.delete(shard)
  }
  for (const [shard, number] of seen) problems.push(`lane ${shard} has ${number} outputs and no position`)
  return problems
}

/** The shard and number at the beginning of an output, whole or not. */
function nameOf(bytes: Uint8Array): [shard: number, number: number] {
  const name: [number, number] = [0, 0]
  for (let i = 0, part = 0; i < bytes.length && part < 2; i++) {
    if (bytes[i] === 58) part += 1
    else name[part] = (name[part] ?? 0) * 10 + bytes[i]! - 48
  }
  return name
}

export function openSink(sink: SinkPort): Promise<readonly LanePosition[]> {
  return new Promise((resolve, reject) => {
    sink.open((error, positions) => (error === undefined ? resolve(positions!) : reject(error)))
  })
}

/** Resolves to what `done` was told. */
export function outcomeOf(sink: SinkPort, batch: OutputBatch): Promise<MillraceError | undefined> {
  return new Promise((resolve) => {
    sink.write(batch, resolve)
  })
}

/** Resolves to the code of the error, or to 'done'. */
export async function writeSink(sink: SinkPort, batch: OutputBatch): Promise<string> {
  return (await outcomeOf(sink, batch))?.code ?? 'done'
}
