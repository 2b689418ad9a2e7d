import type { MillraceError } from '../../base/errors.ts'
import { linkCreditBytes, linkResendMs, maxFrameBytes } from '../../base/limits.ts'
import type { Envelope } from '../message.ts'
import type { RecordSlices } from '../records.ts'

/** What the links of a group ask of the group. */
export interface LinkHost {
  readonly group: number
  /** This incarnation of the group. It is higher every time the group is opened. */
  readonly epoch: number
  /** The highest cut that the group has noted its commit number for (RULE 9). */
  readonly cut: number
  /** Only a planted bug looks at it: what is received never depends on the own outbox (RULE 6). */
  readonly outboxFull: boolean
  /** The group that a shard belongs to. */
  ownerOf(shard: number): number
  /** The link's port: never blocks, never fails. The bytes are not touched again. */
  send(peer: number, frame: Uint8Array): void
  /** Called before anything that carries a higher cut is run or applied: the last sealed commit is this group's part of it. */
  onCut(cut: number): void
  /**
   * The two ends of a link do not fit, and it stays silent: MR_LANE_DIVERGED (RULE 4), MR_SHARD_MAP_DIFFERS or
   * MR_PROGRAM_CHANGED. Called once per link and cause.
   */
  onDiverged(peer: number, error: MillraceError): void
  /** Durable positions of every source partition that this group has met, by its own numbers of sources. */
  sourcePositions(): Iterable<SourcePosition>
}

export interface SourcePosition {
  readonly source: number
  readonly partition: string
  /** Where the next record begins. */
  readonly next: number
}

/** What a batch takes its input from lanes with. Full: the batch is closed, and the same is offered to the next one. */
export interface Inbox {
  /** `envelope.from` is of kind `lane`. */
  laneMessage(envelope: Envelope): Taken
  /** One unit. The group drops (and answers `taken`) what lies before its own staged position of the partition. */
  record(record: SourceRecord): Taken
  /**
   * Records as they came, from place `first` on, at most `max`: each leads to something for this group, and to nothing else. Those
   * before the staged position are dropped. Returns how many were taken: fewer when the batch is full.
   */
  forwarded(records: ForwardedRecords, first: number, max: number): number
  /** Everything before `next` is done with, for this group. The staged position becomes the higher of the two. */
  mark(source: number, partition: string, next: number): void
}

export type Taken = 'taken' | 'full'

export interface SourceRecord {
  readonly source: number
  readonly partition: string
  readonly offset: number
  readonly next: number
  /** `from` is of kind `record`; a negative route is a sink's. */
  readonly emissions: readonly Envelope[]
}

/** Records of a partition that another group has read. Record i is `buffer[starts[i], ends[i])`. */
export interface ForwardedRecords extends RecordSlices {
  readonly source: number
  readonly partition: string
  readonly nexts: ArrayLike<number>
  readonly timesMs: ArrayLike<number>
}

/** A record of a partition, and where the one after it begins. */
export interface RecordPlace {
  readonly source: number
  readonly partition: string
  readonly offset: number
  readonly next: number
}

export interface LinkLimits {
  readonly creditBytes: number
  readonly frameBytes: number
  readonly resendMs: number
}

export const linkLimits: LinkLimits = {
  creditBytes: linkCreditBytes,
  frameBytes: maxFrameBytes,
  resendMs: linkResendMs,
}
