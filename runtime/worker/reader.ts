import type { MillraceError } from '../base/errors.ts'
import type { RecordBatch, SourcePartition } from '../ports/source.ts'
import type { Group } from '../shard/group.ts'
import type { SourceLane } from '../shard/source-lanes.ts'

/**
 * Reads one partition of a source into a group. It starts where the group's commits say, after start position and
 * fingerprint are durable (RULE 8), and tells the partition what is durable.
 */
export class Reader {
  readonly partition: SourcePartition
  readonly #group: Group
  readonly #lane: SourceLane
  #sought = false
  #confirmed = -1

  /** Throws MR_SOURCE_PLAN_CHANGED. */
  constructor(group: Group, source: number, partition: SourcePartition, acceptTornRecords: boolean) {
    this.partition = partition
    this.#group = group
    this.#lane = group.sources.open(source, partition.partition, 0, acceptTornRecords)
  }

  get failed(): MillraceError | undefined {
    return this.partition.failed
  }

  /** Everything that exists now is durable. */
  get finished(): boolean {
    return this.partition.atEnd && this.#lane.durableNext === this.#lane.next
  }

  /** Stages up to `maxRecords` records. Returns whether there were any. */
  read(maxRecords: number): boolean {
    if (!this.#lane.planDurable || this.partition.failed !== undefined) return false
    if (!this.#sought) {
      this.#sought = true
      this.partition.seek(this.#lane.next, this.#lane.proof)
    }
    const batch = this.partition.poll(maxRecords)
    if (batch === undefined) return false
    this.#stage(batch)
    return true
  }

  /** Nothing beyond what is staged will be read: the steps behind the source may change here. */
  markDrained(drained: boolean): void {
    if (this.#lane.drained === drained) return
    this.#lane.drained = drained
    this.#lane.changed = true
  }

  confirm(): void {
    if (this.#lane.durableNext === this.#confirmed) return
    this.#confirmed = this.#lane.durableNext
    this.partition.confirm(this.#confirmed)
  }

  #stage(records: RecordBatch): void {
    const lane = this.#lane
    const { intake, batch } = this.#group
    const { buffer, starts, ends, offsets, count, timesMs } = records
    for (let i = 0; i < count; i++) {
      const timeMs = timesMs === undefined ? batch.nowMs : timesMs[i]!
      intake.record(lane.source, lane.seed, lane.partition, offsets[i]!, timeMs, buffer, starts[i]!, ends[i]!, true)
      batch.sizeBytes += ends[i]! - starts[i]!
    }
    if (lane.drained) this.markDrained(false)
    lane.next = records.next
    lane.proof = records.proof
  }
}
