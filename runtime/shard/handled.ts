/** Where a message came from. Together with the plan this is enough to run the plain handler again. */
export type Origin =
  | {
      readonly kind: 'record'
      readonly source: number
      readonly partition: string
      readonly offset: number
      readonly index: number
    }
  /** Sent by another entity; its id says by which effect of which message (message-id.ts). */
  | { readonly kind: 'message'; readonly fromShard: number }
  | { readonly kind: 'timer'; readonly timer: string; readonly atMs: number }
  | { readonly kind: 'request'; readonly request: string }

/** One message that was handled, and how it ended. Only made where a trace is attached. */
export interface Handled {
  readonly id: string
  readonly origin: Origin
  readonly shard: number
  readonly route: number
  readonly key: string
  /** The message as bytes of the codec, taken before the handler saw it. */
  readonly message: Uint8Array
  readonly timeMs: number
  readonly outcome: 'ok' | 'dead-letter' | 'retry' | 'refused'
}
