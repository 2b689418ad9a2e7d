import { atWord, chunkWord, keySizeWord, stride, valueSizeWord } from './shelf-cell.ts'
import { blockHeadBytes, type Chunk, none } from './shelf-log.ts'

/** So many rows are fetched at a time. */
export const fetched = 64

/**
 * Brings rows of a shelf into the processor's cache before somebody works on one after the other. Where there are many rows, each of
 * them is a few places far away in memory, and the processor waits long for each. In loops that do nothing else it waits for a dozen at
 * once. (Group prefetching, after Chen, Ailamaki, Gibbons, Mowry: Improving Hash Join Performance through Prefetching, ICDE 2004.)
 */
export class ShelfFetch {
  /** The cells to be fetched, some of them `none`. Whoever calls `rows` fills it. */
  readonly wanted: Int32Array = new Int32Array(fetched)
  readonly #starts = new Int32Array(fetched)
  readonly #ends = new Int32Array(fetched)
  /** Nobody asks for it: it keeps the compiler from leaving out what it is made of. */
  sum = 0

  rows(cells: Int32Array, chunks: readonly (Chunk | undefined)[], count: number): void {
    const { wanted } = this
    const starts = this.#starts
    const ends = this.#ends
    for (let i = 0; i < count; i++) {
      const cell = wanted[i]!
      if (cell === none) continue
      const at = cell * stride
      wanted[i] = cells[at + chunkWord]!
      starts[i] = cells[at + atWord]!
      ends[i] = starts[i]! + blockHeadBytes + cells[at + keySizeWord]! + cells[at + valueSizeWord]!
    }
    let sum = 0
    for (let i = 0; i < count; i++) {
      const chunk = wanted[i]!
      if (chunk === none) continue
      const { words } = chunks[chunk]!
      sum += words[starts[i]! >> 2]! + words[ends[i]! >> 2]!
    }
    this.sum = sum | 0
  }
}
