/**
 * Every error a user can meet. A code is stable for ever; the message is free to become better.
 * `next` is the next move, written for whoever reads the message at three in the morning.
 */
export type ErrorCode =
  | 'MR_HANDLER_FAILED'
  | 'MR_STEP_FAILED'
  | 'MR_STEP_NOT_PURE'
  | 'MR_DECODE_FAILED'
  | 'MR_ENCODE_FAILED'
  | 'MR_KEY_INVALID'
  | 'MR_KEY_DIFFERS'
  | 'MR_MESSAGE_TOO_LARGE'
  | 'MR_STATE_INVALID'
  | 'MR_STATE_TOO_LARGE'
  | 'MR_STATE_UNREADABLE'
  | 'MR_STATE_FROM_FUTURE'
  | 'MR_UNKNOWN_HANDLER'
  | 'MR_CONTEXT_MISUSED'
  | 'MR_AMPLIFYING_CYCLE'
  | 'MR_LANE_DIVERGED'
  | 'MR_LOG_DIVERGED'
  | 'MR_SINK_DIVERGED'
  | 'MR_FENCED'
  | 'MR_STORE_LOCKED'
  | 'MR_STORE_LOST_LOCK'
  | 'MR_STORE_FAILED'
  | 'MR_STORE_CORRUPT'
  | 'MR_DISK_FULL'
  | 'MR_SHARD_COUNT_CHANGED'
  | 'MR_SHARD_MAP_DIFFERS'
  | 'MR_DATA_FORMAT_UNKNOWN'
  | 'MR_PROGRAM_CHANGED'
  | 'MR_PROGRAM_INVALID'
  | 'MR_SOURCE_PLAN_CHANGED'
  | 'MR_SOURCE_SHRANK'
  | 'MR_SOURCE_REPLACED'
  | 'MR_SOURCE_EXPIRED'
  | 'MR_SOURCE_FAILED'
  | 'MR_FRAMING_BROKEN'
  | 'MR_SINK_FAILED'
  | 'MR_END_UNBOUND'
  | 'MR_END_BOUND_TWICE'
  | 'MR_END_UNKNOWN'
  | 'MR_URI_INVALID'
  | 'MR_WORKER_LOST'
  | 'MR_LISTEN_FAILED'
  | 'MR_MEMBERSHIP_LOST'
  | 'MR_PEER_REFUSED'
  | 'MR_OFFLOAD_INVALID'
  | 'MR_OFFLOAD_TIMEOUT'
  | 'MR_OFFLOAD_THREAD_LOST'
  | 'MR_STEPS_DIFFER'
  | 'MR_NOT_RUNNING'
  | 'MR_STOPPED'

export interface ErrorDetails {
  /** The next move. */
  readonly next: string
  /** Whether it is certain that nothing happened, so that trying again is safe. Default true. */
  readonly certain?: boolean
  readonly cause?: unknown
}

/** What Millrace throws and rejects with. Programming mistakes of the caller are plain TypeErrors instead. */
export class MillraceError extends Error {
  override readonly name = 'MillraceError'
  readonly code: ErrorCode
  readonly certain: boolean
  readonly next: string

  constructor(code: ErrorCode, message: string, details: ErrorDetails) {
    super(`${code}: ${message}. ${details.next}`, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.next = details.next
    this.certain = details.certain ?? true
  }
}

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
