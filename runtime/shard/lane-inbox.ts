import type { Batch } from './batch.ts'
import type { Inbox, SourceRecord, Taken } from './lanes/ports.ts'
import type { Envelope } from './message.ts'
import type { SourceLanes } from './source-lanes.ts'

export interface InboxHost {
  readonly batch: Batch
  readonly sources: SourceLanes
  readonly hasRoom: boolean
  readonly acceptTornRecords: boolean
  /** Stages a message; a negative route has no entity. */
  stageMessage(envelope: Envelope): void
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

  mark(source: number, partition: string, next: number): void {
    const lane = this.#host.sources.open(source, partition, 0, this.#host.acceptTornRecords)
    if (next <= lane.next) return
    lane.next = next
    lane.proof = ''
    lane.drained = false
  }
}
