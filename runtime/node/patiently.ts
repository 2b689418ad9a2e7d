import { setTimeout as sleep } from 'node:timers/promises'

const firstPauseMs = 10
const longestPauseMs = 1_000

/**
 * Tries again, after pauses that grow, while it may still go well.
 * @param patienceMs after this long the error of the last attempt is thrown
 * @param mayGoWell whether another attempt makes sense after this error
 */
export async function patiently<T>(
  patienceMs: number,
  mayGoWell: (error: unknown) => boolean,
  attempt: () => Promise<T>,
): Promise<T> {
  const giveUpAt = performance.now() + patienceMs
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    try {
      return await attempt()
    } catch (error) {
      if (!mayGoWell(error) || performance.now() > giveUpAt) throw error
      await sleep(pauseMs)
    }
  }
}
