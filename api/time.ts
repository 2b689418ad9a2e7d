/** Every time is a number of milliseconds: `10 * minutes`. */
export const seconds = 1_000
export const minutes = 60_000
export const hours = 3_600_000
export const days = 86_400_000
