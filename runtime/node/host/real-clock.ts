import type { Clock } from '../../ports/clock.ts'

/** The clock on the wall. It may go back; the worker sees to it that handlers never notice. */
export const realClock: Clock = { nowMs: () => Date.now(), elapsedMs: () => Math.floor(performance.now()) }
