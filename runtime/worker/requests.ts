/** What callers want of a worker, kept until the next batch. */
export type Wanted =
  | {
      readonly kind: 'ask'
      readonly route: number
      readonly key: string
      readonly message: unknown
      readonly id: string | undefined
      readonly wantsAnswer: boolean
      done(error: Error | undefined, answer?: unknown): void
    }
  | {
      readonly kind: 'get'
      readonly entity: number
      readonly key: string
      done(error: Error | undefined, state?: unknown): void
    }
  /** Resolves when every change that was committed so far is in the store's rows. */
  | { readonly kind: 'flush'; done(error: Error | undefined): void }
  /** Try a dead letter again: it leaves the store in the commit that handles it. `ok` false: it failed again, and is a new dead letter. */
  | {
      readonly kind: 'retry'
      readonly rowKey: Uint8Array
      readonly letter: Uint8Array
      done(error: Error | undefined, ok?: boolean): void
    }

export interface WorkerCounts {
  commits: number
  /** Outputs that were handed to sinks. */
  outputs: number
}

export type WorkerState = 'new' | 'opening' | 'running' | 'stopping' | 'stopped'
