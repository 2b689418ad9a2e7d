import type { WireError } from '../threads/error-wire.ts'

/** Values for one step, in one piece: value i is `bytes[ends[i - 1], ends[i])`, in the codec's layout. */
export interface Task {
  /** The file that exports the step, and the name under which it does. */
  readonly href: string
  readonly exportName: string
  /** The step's name for people. */
  readonly name: string
  readonly bytes: Uint8Array
  readonly ends: Uint32Array
  /** How far the thread is, in shared memory: see `progressField`. */
  readonly progress: Int32Array
}

/** 0: the thread has not begun. n: it is at value n - 1. More than there are values: it is done. */
export const progressField = 0

export interface TaskResult {
  /** Results likewise; one that failed is empty. */
  readonly bytes: Uint8Array
  readonly ends: Uint32Array
  readonly errors: readonly { readonly value: number; readonly error: WireError }[]
  /** How long the values took together. */
  readonly tookMs: number
}
