/** K1: milliseconds since 1970, whole or not. May go back; the worker makes it monotone before handlers see it. */
export interface Clock {
  nowMs(): number
  /** Whole milliseconds since some moment. Goes on whatever is done to the clock, and never back: for pauses, which nobody else sees. */
  elapsedMs(): number
}
