/** Records that lie in one buffer: record i is `buffer[starts[i], ends[i])`, at `offsets[i]`. Nothing of it is written to again. */
export interface RecordSlices {
  readonly buffer: Uint8Array
  readonly starts: ArrayLike<number>
  readonly ends: ArrayLike<number>
  readonly offsets: ArrayLike<number>
  /** The connector's time of each record in ms, where it has one. */
  readonly timesMs?: ArrayLike<number>
}

/** What all records of a partition have in common. */
export interface Partition {
  readonly source: number
  readonly name: string
  /** What the ids of its messages are made from. */
  readonly seed: number
  /** The shard of what has no key: outputs of pipelines without state, and records that failed. */
  readonly home: number
  /** Another group has read them, and found that what each of them leads to is for this group. */
  readonly forwarded: boolean
}

/** Records of one poll, in the batch: record i of them has the slot `first + i`. */
export interface Run {
  readonly partition: Partition
  readonly slices: RecordSlices
  /** The buffer of the slices. */
  readonly view: DataView
  /** Where that lies (to ask a view costs a call): a view made of this costs half of what `subarray` does, and a Buffer's costs more. */
  readonly memory: ArrayBufferLike
  readonly memoryAt: number
  readonly first: number
  /** Time of arrival, of those that have no time of their own. */
  readonly nowMs: number
  /** Event times, where the source's definition takes them from the value. */
  readonly eventTimesMs: number[] | undefined
}

/**
 * The records behind the emissions of a batch: where they came from, and their bytes, to be decoded again if need be. They stay
 * where the source has put them, so that a record costs nothing here.
 */
export class Records {
  /** Slots that were given out. */
  count = 0
  #runs: Run[] = []
  #last: Run | undefined = undefined

  /** The next records are of this poll. */
  begin(partition: Partition, slices: RecordSlices, nowMs: number, hasEventTimes: boolean): Run {
    const { buffer: memory, byteOffset: memoryAt, byteLength } = slices.buffer
    const view = new DataView(memory, memoryAt, byteLength)
    const eventTimesMs = hasEventTimes ? [] : undefined
    const run = { partition, slices, view, memory, memoryAt, first: this.count, nowMs, eventTimesMs }
    this.#last = run
    this.#runs.push(run)
    return run
  }

  /** The poll that a record is of. */
  runOf(slot: number): Run {
    const last = this.#last!
    if (slot >= last.first) return last
    let low = 0
    let high = this.#runs.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (this.#runs[middle]!.first <= slot) low = middle
      else high = middle - 1
    }
    return this.#runs[low]!
  }

  offset(slot: number): number {
    const { slices, first } = this.runOf(slot)
    return slices.offsets[slot - first]!
  }

  /** Event time, in ms. */
  timeMs(slot: number): number {
    const { slices, first, nowMs, eventTimesMs } = this.runOf(slot)
    return eventTimesMs?.[slot - first] ?? slices.timesMs?.[slot - first] ?? nowMs
  }

  bytes(slot: number): Uint8Array {
    const { slices, memory, memoryAt, first } = this.runOf(slot)
    const start = slices.starts[slot - first]!
    return new Uint8Array(memory, memoryAt + start, slices.ends[slot - first]! - start)
  }

  clear(): void {
    this.count = 0
    this.#runs = []
    this.#last = undefined
  }
}
