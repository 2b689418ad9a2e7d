import { type FaultKind, faultKinds } from './faults.ts'
import { runSeed, type SimOptions, type SimResult } from './run-seed.ts'
import type { SimInput, SimProgram } from './sim-program.ts'

export interface Shrunk {
  readonly result: SimResult
  readonly program: SimProgram
  readonly options: SimOptions
  /** Runs that it took. */
  readonly runs: number
}

/**
 * Looks for the smallest run that still fails: fewer kinds of faults, fewer faults, fewer records and requests, fewer groups.
 * Greedy: what is left out stays out if the rest still fails, in whatever way. The seed stays what it was, so every step can
 * be replayed.
 */
export function shrink(program: SimProgram, seed: number, options: SimOptions = {}, maxRuns: number = 300): Shrunk {
  const first = runSeed(program, seed, options)
  return first.verdict === 'ok'
    ? { result: first, program, options, runs: 1 }
    : new Shrinker(program, seed, options, first, maxRuns).run()
}

class Shrinker {
  #program: SimProgram
  readonly #seed: number
  #options: SimOptions
  #result: SimResult
  #runs = 1
  readonly #maxRuns: number

  constructor(program: SimProgram, seed: number, options: SimOptions, result: SimResult, maxRuns: number) {
    this.#program = program
    this.#seed = seed
    this.#options = options
    this.#result = result
    this.#maxRuns = maxRuns
  }

  run(): Shrunk {
    for (let before = -1; before !== this.#size; ) {
      before = this.#size
      this.#tryOptions({ hosts: [1] })
      for (const kind of new Set(this.#result.faults.map(({ kind }) => kind)))
        this.#tryOptions({ faults: this.#kinds.filter((other) => other !== kind) })
      for (const { index } of this.#result.faults)
        this.#tryOptions({ skip: new Set([...(this.#options.skip ?? []), index]) })
      this.#fewerRecords()
      this.#fewerRequests()
    }
    return { result: this.#result, program: this.#program, options: this.#options, runs: this.#runs }
  }

  get #kinds(): readonly FaultKind[] {
    return this.#options.faults ?? faultKinds
  }

  get #size(): number {
    const records = this.#program.inputs
      .flatMap(({ partitions }) => partitions)
      .reduce((sum, partition) => sum + partition.length, 0)
    return records + this.#result.faults.length + (this.#program.requests?.length ?? 0)
  }

  #tryOptions(change: SimOptions): boolean {
    return this.#try(this.#program, { ...this.#options, ...change })
  }

  #try(program: SimProgram, options: SimOptions): boolean {
    if (this.#runs >= this.#maxRuns) return false
    this.#runs += 1
    const result = runSeed(program, this.#seed, options)
    if (result.verdict === 'ok') return false
    this.#program = program
    this.#options = options
    this.#result = result
    return true
  }

  /** Leaves out runs of records: first long ones, then short ones. */
  #fewerRecords(): void {
    this.#program.inputs.forEach(({ partitions }, input) => {
      partitions.forEach((_, partition) => {
        this.#fewer(
          () => this.#program.inputs[input]!.partitions[partition]!,
          (records) => ({ ...this.#program, inputs: replaced(this.#program.inputs, input, partition, records) }),
        )
      })
    })
  }

  #fewerRequests(): void {
    this.#fewer(
      () => this.#program.requests ?? [],
      (requests) => ({ ...this.#program, requests }),
    )
  }

  #fewer<T>(list: () => readonly T[], smaller: (list: readonly T[]) => SimProgram): void {
    for (let length = list().length; length >= 1; length = length >> 1) {
      for (let at = list().length - length; at >= 0; at -= length)
        this.#try(smaller([...list().slice(0, at), ...list().slice(at + length)]), this.#options)
    }
  }
}

function replaced(
  inputs: readonly SimInput[],
  input: number,
  partition: number,
  records: readonly Uint8Array[],
): SimInput[] {
  return inputs.map((one, i) =>
    i === input ? { ...one, partitions: one.partitions.map((other, p) => (p === partition ? records : other)) } : one,
  )
}
