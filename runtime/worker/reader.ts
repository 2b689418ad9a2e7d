import type { MillraceError } from '../base/errors.ts'
import { sourceShrank } from '../ports/source-refusals.ts'
import type { RecordBatch, SourcePartition } from '../ports/source.ts'
import type { Group } from '../shard/group.ts'
import type { SourceLane } from '../shard/source-lanes.ts'

/**
 * Reads one partition of a source for all groups: its own part goes into the batch, the rest onto the links.
 *
 * D1 Nothing is read before start position and fingerprint are durable (RULE 8).
 * D2 It reads on from the lowest position that anybody needs: its own commits say one, every peer's session another. Who has a
 *    record already is passed over.
 * D3 The partition is told what is durable everywhere, and nothing more.
 * D4 Before it goes back to what only others need, the partition proves that it is still the one that was read; and one that ends before
 *    what any group has of it was cut.
 */
export class Reader {
  readonly partition: SourcePartition
  readonly #group: Group
  readonly #lane: SourceLane
  /** Where the next record to be read begins; undefined: nothing was sought yet. */
  #next: number | undefined = undefined
  /** D4 */
  #isProven = false
  #isProving = false
  #shrank: MillraceError | undefined = undefined
  #confirmed = -1

  /** Throws MR_SOURCE_PLAN_CHANGED. */
  constructor(group: Group, source: number, partition: SourcePartition, acceptTornRecords: boolean) {
    this.partition = partition
    this.#group = group
    this.#lane = group.sources.open(source, partition.partition, 0, acceptTornRecords)
  }

  get failed(): MillraceError | undefined {
    return this.partition.failed ?? this.#shrank
  }

  /** Everything that exists now is durable. */
  get finished(): boolean {
    return (
      this.partition.atEnd &&
      this.#next !== undefined &&
      this.#lane.durableNext === this.#next &&
      this.#durableNext === this.#next
    )
  }

  /** Every group has durably what was read for any of them. */
  get settled(): boolean {
    const next = this.#readNext
    return this.#lane.durableNext === next && this.#durableNext === next
  }

  /** Another `read` would give something as well, as far as the partition knows. */
  get hasMore(): boolean {
    return this.partition.hasMore === true
  }

  /** Stages up to `maxRecords` records. Returns how many. */
  read(maxRecords: number): number {
    if (!this.#lane.planDurable || this.failed !== undefined || !this.#position()) return 0
    return this.#poll(maxRecords)
  }

  /** Stages a record that some group has and another still needs, and nothing beyond. Returns whether there was one. */
  readAgain(): boolean {
    if (!this.#lane.planDurable || this.failed !== undefined || this.settled || !this.#position()) return false
    return this.#next! < this.#readNext && this.#poll(1) > 0
  }

  #poll(maxRecords: number): number {
    const { partition } = this
    const batch = partition.poll(maxRecords)
    if (batch === undefined) {
      const needed = this.#readNext
      if (partition.atEnd && this.#next! < needed)
        this.#shrank = sourceShrank(`source "${partition.source}"`, `position ${needed}`, `position ${this.#next}`)
      return 0
    }
    this.#stage(batch)
    return batch.count
  }

  confirm(): void {
    const next = this.#durableNext
    if (next === this.#confirmed || next < 0) return
    this.#confirmed = next
    this.partition.confirm(next)
  }

  /** The lowest position that every group has durably; -1: not known. */
  get #durableNext(): number {
    const { source, partition, durableNext, start } = this.#lane
    const { links } = this.#group
    if (links === undefined) return durableNext
    const elsewhere = links.durableNext(source, partition)
    // Whoever has not heard of the partition wants it from its start.
    return elsewhere === undefined ? -1 : Math.min(durableNext, Math.max(elsewhere, start))
  }

  /** Up to where any group is: a reader before this one may have come further for others than for its own group. */
  get #readNext(): number {
    const { source, partition, next } = this.#lane
    return Math.max(next, this.#group.links?.highestNext(source, partition) ?? next)
  }

  /** D2. False: not yet. */
  #position(): boolean {
    const { source, partition, start, next, proof } = this.#lane
    const at = this.#next ?? next
    const from = this.#group.links?.resume(source, partition, at, start) ?? at
    if (from !== this.#next) {
      if (from < next && !this.#proves(next, proof)) return false
      this.#next = from
      this.partition.seek(from, from === next ? proof : '')
      this.#isProven ||= from === next
    }
    if (from !== at) this.#group.links?.resume(source, partition, from, start)
    return true
  }

  /** D4. What is there behind the proof shows that it was true. */
  #proves(next: number, proof: string): boolean {
    if (this.#isProven || proof === '') return true
    const { partition } = this
    if (!this.#isProving) partition.seek(next, proof)
    this.#isProving = true
    this.#isProven = partition.failed === undefined && (partition.poll(1) !== undefined || partition.atEnd)
    return this.#isProven
  }

  #stage(records: RecordBatch): void {
    const lane = this.#lane
    const group = this.#group
    const { intake, links } = group
    const { source, partition } = lane
    const { offsets, count } = records
    intake.begin(source, partition, records, links)
    for (let i = 0; i < count; i++) {
      const offset = offsets[i]!
      links?.beginRecord(source, partition, offset, i + 1 < count ? offsets[i + 1]! : records.next)
      group.record(i, offset >= lane.next)
      links?.endRecord()
    }
    links?.mark(source, partition, records.next)
    if (records.next > lane.next) lane.drained = false
    this.#next = records.next
    if (records.next <= lane.next) return
    lane.next = records.next
    lane.proof = records.proof
  }
}
