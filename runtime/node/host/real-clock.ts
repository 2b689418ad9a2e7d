import type { Clock } from '../../ports/clock.ts'

/**
 * The clock on the wall, which may go back (the worker sees to it that handlers never notice), and the time since this thread began,
 * which does not.
 */
export const realClock: Clock = { nowMs: () => Date.now(), elapsedMs: () => Math.floor(performance.now()) }
