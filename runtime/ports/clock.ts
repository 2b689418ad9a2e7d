/** K1: milliseconds since 1970, whole or not. May go back; the worker makes it monotone before handlers see it. */
export interface Clock {
  nowMs(): number
}
