import type { Handled } from '../shard/handled.ts'

/**
 * What a worker tells whoever watches: enough to check from outside that the promise was kept. All calls come from inside
 * `tick`, in the order in which things happened. T1: a listener must not call back into the worker.
 */
export interface Trace {
  opened(event: { readonly group: number; readonly epoch: number; readonly number: number }): void
  /** A batch was closed under this commit number. `handled` is in the order in which the handlers ran. */
  sealed(event: {
    readonly group: number
    readonly epoch: number
    readonly number: number
    readonly nowMs: number
    readonly cut: number
    readonly handled: readonly Handled[]
  }): void
  committed(event: { readonly group: number; readonly epoch: number; readonly number: number }): void
  stopped(event: {
    readonly group: number
    readonly epoch: number
    readonly code: string
    readonly message: string
  }): void
  note(event: { readonly group: number; readonly text: string; readonly data?: unknown }): void
}
