import type { ProgramReference } from './threads/program-reference.ts'

export interface StartOptions {
  readonly data: string
  readonly durability: 'disk' | 'process'
  /** Stop when every source is at its end, and everything is committed and with the sinks. */
  readonly once: boolean
  /** Whether files are followed as they grow. Undefined: as the program says. */
  readonly follow: boolean | undefined
  readonly acceptTornRecords: boolean
  /** Threads that share the work; 1: this one. */
  readonly workers: number
  /** Where the program is, for threads to load it. Undefined: nowhere, so there can be only this one. */
  readonly reference: ProgramReference | undefined
  /** Threads for offloaded steps, beside the workers. Undefined: the cores that the workers leave, at least one for each that needs it. */
  readonly offloadThreads?: number | undefined
  /** So long may a thread stay in one turn before it counts as lost. Default: half a minute. */
  readonly stallMs?: number | undefined
  /** What the objects of one thread may take before it counts as lost. Default: what Node.js gives a thread. */
  readonly heapMb?: number | undefined
  /** Told what happens to threads while the program goes on. */
  readonly notice?: ((text: string) => void) | undefined
}
