/** A cell is eight words, so that it lies in one line of the processor's cache. */
export const stride = 8
export const hashWord = 0
/** The next cell of the same bucket; of a free cell, the next free one. */
export const nextWord = 1
export const chunkWord = 2
export const atWord = 3
export const keySizeWord = 4
/** `none`: there is no value. */
export const valueSizeWord = 5
/** The row that is awake for this cell, or `none`. */
export const rowWord = 6
/** The flags in the low byte; above it the lower 24 bits of the number of the record that changed the row last, while it is dirty. */
export const flagsWord = 7

export const dirtyFlag = 1
export const recentFlag = 2
/** From here on: how many commits that write the row back are under way. */
export const writingUnit = 4
export const flagsMask = 0xff
export const recordShift = 8
