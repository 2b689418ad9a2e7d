import { workerData } from 'node:worker_threads'

/** What every thread of the offload pool is started with. */
export interface PoolThreadData {
  readonly millrace: 'offload pool'
  /** Whether it loads files as the command does. */
  readonly usesLoader: boolean
}

/** Of this thread. Undefined: it is none of an offload pool. */
export function poolThreadData(): PoolThreadData | undefined {
  const data = workerData as Partial<PoolThreadData> | null | undefined
  return data?.millrace === 'offload pool' ? (data as PoolThreadData) : undefined
}
