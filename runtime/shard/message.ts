import type { Timer } from './timers.ts'

/** A message that exists as bytes: sent by an entity, fired by a timer, come from a peer, or asked for from outside. */
export interface Envelope {
  readonly route: number
  readonly key: string
  readonly shard: number
  readonly bytes: Uint8Array
  readonly start: number
  readonly end: number
  readonly timeMs: number
  readonly idHigh: number
  readonly idLow: number
  readonly from: From
}

/** How an envelope came into the batch. */
export type From =
  /** Sent inside the batch; vanishes when the batch is run again. */
  | { readonly kind: 'local'; readonly shard: number; readonly hops: number }
  /** From a lane: sent by a shard in an earlier commit, of this group or another. */
  | {
      readonly kind: 'lane'
      readonly shard: number
      readonly number: number
      readonly chainHigh: number
      readonly chainLow: number
    }
  /** Part of a record that a reader elsewhere has expanded. */
  | {
      readonly kind: 'record'
      readonly source: number
      readonly partition: string
      readonly offset: number
      readonly index: number
    }
  | { readonly kind: 'timer'; readonly timer: Timer }
  | { readonly kind: 'request'; readonly request: Request }
  | { readonly kind: 'deadLetter' }

/** Something asked from outside, answered when the commit that holds its effects is durable. */
export interface Request {
  /** Remembered with its answer when the caller gave one: asking again has no effect and gives the same answer. */
  readonly id: string | undefined
  readonly wantsAnswer: boolean
  resolve(answer: Uint8Array | undefined): void
  reject(error: Error): void
}

export function idText(high: number, low: number): string {
  return (high >>> 0).toString(16).padStart(8, '0') + (low >>> 0).toString(16).padStart(8, '0')
}
