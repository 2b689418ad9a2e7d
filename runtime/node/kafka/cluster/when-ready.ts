import { setTimeout as sleep } from 'node:timers/promises'
import { KafkaFailure } from '../failure.ts'

/** Said by a broker that has done nothing: it is not the coordinator, or not ready to be it. */
const choosing: ReadonlySet<string> = new Set([
  'COORDINATOR_NOT_AVAILABLE',
  'COORDINATOR_LOAD_IN_PROGRESS',
  'NOT_COORDINATOR',
])
/** A coordinator that takes longer is not coming. */
const choosingMs = 20_000

/** Asks again while a broker is not ready to be what it is asked as: until then a request has no effect. */
export async function whenReady<T>(ask: () => Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + choosingMs
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      const isReady = !(error instanceof KafkaFailure) || !choosing.has(error.kind)
      if (isReady || performance.now() > giveUpAt) throw error
      await sleep(20)
    }
  }
}
