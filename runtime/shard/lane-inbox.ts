import type { Batch } from './batch.ts'
import type { ForwardedRecords, Inbox, SourceRecord, Taken } from './lanes/ports.ts'
import type { Envelope } from './message.ts'
import type { SourceLanes } from './source-lanes.ts'

export interface InboxHost {
  readonly batch: Batch
  readonly sources: SourceLanes
  readonly hasRoom: boolean
  readonly acceptTornRecords: boolean
  /** Stages a message; a negative route has no entity. */
  stageMessage(envelope: Envelope): void
  beginForwarded(records: ForwardedRecords): void
  /** Stages record i of those begun. */
  stageRecord(i: number): void
}

/** Takes what comes from other groups into the batch. A record is one unit, and comes once, however many readers send it. */
export class LaneInbox implements Inbox {
  readonly #host: InboxHost

  constructor(host: InboxHost) {
    this.#host = host
  }

  laneMessage(envelope: Envelope): Taken {
    if (!this.#host.hasRoom) return 'full'
    this.#host.stageMessage(envelope)
    return 'taken'
  }

  record({ source, partition, offset, next, emissions }: SourceRecord): Taken {
    if (!this.#host.hasRoom) return 'full'
    const lane = this.#host.sources.open(source, partition, 0, this.#host.acceptTornRecords)
    if (offset < lane.next) return 'taken'
    for (const envelope of emissions) this.#host.stageMessage(envelope)
    lane.next = next
    lane.proof = ''
    lane.drained = false
    return 'taken'
  }

  forwarded(records: ForwardedRecords, first: number, max: number): number {
    const { source, partition, offsets, nexts } = records
    const host = this.#host
    const lane = host.sources.open(source, partition, 0, host.acceptTornRecords)
    const end = Math.min(offsets.length, first + max)
    host.beginForwarded(records)
    let i = first
    for (; i < end && host.hasRoom; i++) {
      if (offsets[i]! < lane.next) continue
      host.stageRecord(i)
      lane.next = nexts[i]!
      lane.proof = ''
      lane.drained = false
    }
    return i - first
  }

  mark(source: number, partition: string, next: number): void {
    const lane = this.#host.sources.open(source, partition, 0, this.#host.acceptTornRecords)
    if (next <= lane.next) return
    lane.next = next
    lane.proof = ''
    lane.drained = false
  }
}
