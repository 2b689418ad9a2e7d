/** What a broker or the way to it said, behind the client port. Sources and sinks turn it into an error for people. */
export class KafkaFailure extends Error {
  override readonly name = 'KafkaFailure'
  /** The protocol's name of the error, such as OFFSET_OUT_OF_RANGE; NO_CONNECTION when no answer came. */
  readonly kind: string
  /** Whether the same call may go well later, with nothing changed by anybody. */
  readonly retriable: boolean

  constructor(kind: string, message: string, details: { readonly retriable: boolean; readonly cause?: unknown }) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.kind = kind
    this.retriable = details.retriable
  }
}

const fencing: ReadonlySet<string> = new Set([
  'INVALID_PRODUCER_EPOCH',
  'PRODUCER_FENCED',
  'INVALID_PRODUCER_ID_MAPPING',
])

/** Whether a producer was told that another one has its transactional id. */
export function isFenced(error: unknown): boolean {
  return error instanceof KafkaFailure && fencing.has(error.kind)
}

/** Whether no broker answered, or none leads yet: as while one starts. */
export function isAway(error: unknown): boolean {
  return error instanceof KafkaFailure && (error.kind === 'NO_CONNECTION' || error.kind === 'LEADER_NOT_AVAILABLE')
}

export function isRetriable(error: unknown): boolean {
  return error instanceof KafkaFailure && error.retriable
}
