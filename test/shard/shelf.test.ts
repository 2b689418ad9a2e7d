import { fc, test } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import { murmur3Text } from '../../runtime/base/hash.ts'
import { ByteReader, ByteWriter } from '../../runtime/base/bytes.ts'
import { Field, readEntityKey } from '../../runtime/shard/row-key.ts'
import { Shelf } from '../../runtime/shard/shelf.ts'
import { none } from '../../runtime/shard/shelf-log.ts'

const entity = 7
const value = (size: number, fill: number): Uint8Array => new Uint8Array(size).fill(fill)

/** A shelf beside the Map that it should be like. */
class Pair {
  readonly shelf = new Shelf(64 << 10)
  readonly known = new Map<string, { cell: number; bytes: Uint8Array | undefined }>()
  readonly #out = new ByteWriter(16)

  put(key: string, bytes: Uint8Array): void {
    const cell = this.#cell(key)
    this.shelf.put(cell, bytes, 0, bytes.length)
    this.known.set(key, { cell, bytes })
  }

  clear(key: string): void {
    const cell = this.#cell(key)
    this.shelf.clear(cell)
    this.known.set(key, { cell, bytes: undefined })
  }

  remove(key: string): void {
    const cell = this.shelf.find(murmur3Text(key, 0), entity, key)
    if (cell !== none) this.shelf.remove(cell)
    this.known.delete(key)
  }

  /** Moves the hand over so many rows; every third leaves. */
  turn(steps: number): void {
    for (let step = 0; step < steps; step++) {
      const cell = this.shelf.nextAtHand()
      if (cell === none) return
      if (step % 3 !== 2) this.shelf.keep(cell)
      else this.remove(keyText(this.shelf, cell))
    }
  }

  /** One `expect` for all: thousands of them take longer than what they look at. */
  check(): void {
    expect(this.shelf.count).toBe(this.known.size)
    expect([...this.known].filter(([key, known]) => !this.#isRight(key, known)).map(([key]) => key)).toEqual([])
  }

  #isRight(key: string, { cell, bytes }: { cell: number; bytes: Uint8Array | undefined }): boolean {
    const { shelf } = this
    if (shelf.find(murmur3Text(key, 0), entity, key) !== cell || keyText(shelf, cell) !== key) return false
    if (bytes === undefined || !shelf.exists(cell)) return bytes === undefined && !shelf.exists(cell)
    shelf.readValue(cell, this.#out)
    const read = this.#out.copy()
    return (
      read.length === bytes.length &&
      read.every((byte, i) => byte === bytes[i]) &&
      shelf.holds(cell, bytes, 0, bytes.length)
    )
  }

  #cell(key: string): number {
    const hash = murmur3Text(key, 0)
    const cell = this.shelf.find(hash, entity, key)
    return cell === none ? this.shelf.add(hash, hash % 128, entity, key, Field.state, '', 10) : cell
  }
}

function keyText(shelf: Shelf, cell: number): string {
  const bytes = new Uint8Array(shelf.sizeOf(cell))
  shelf.copyTo(cell, bytes, 0)
  return readEntityKey(new ByteReader(bytes, 1)).key
}

describe('a shelf of rows', () => {
  const key = fc.oneof(
    fc.nat(3_000).map((number) => `key-${number}`),
    fc.string({ unit: 'grapheme', maxLength: 60 }).filter((text) => text.isWellFormed()),
  )
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('put' as const), key, size: fc.nat(300), fill: fc.nat(255) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('clear' as const), key }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), key }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('turn' as const), steps: fc.nat(40) }) },
  )

  test.prop([fc.array(step, { maxLength: 400, size: 'max' })], { numRuns: 60 })(
    'holds what was put last, wherever the hand has moved it',
    (steps) => {
      const pair = new Pair()
      for (const one of steps) {
        if (one.do === 'put') pair.put(one.key, value(one.size, one.fill))
        else if (one.do === 'turn') pair.turn(one.steps)
        else pair[one.do](one.key)
      }
      pair.check()
    },
  )

  it('grows beyond its first cells, and takes values larger than a chunk', () => {
    const pair = new Pair()
    for (let i = 0; i < 5_000; i++) pair.put(`key-${i}`, value(i % 50, i & 0xff))
    pair.put('large', value(300_000, 1))
    pair.turn(2_000)
    pair.put('large', value(600_000, 2))
    pair.turn(2_000)
    pair.check()
  })

  it('tells keys of one hash apart', () => {
    const shelf = new Shelf(1 << 20)
    const cells = ['a', 'b', 'ключ'].map((key) => shelf.add(5, 1, entity, key, Field.state, '', 0))
    expect(['a', 'b', 'ключ', 'c'].map((key) => shelf.find(5, entity, key))).toEqual([...cells, none])
    expect(shelf.find(5, entity + 1, 'a')).toBe(none)
    shelf.remove(cells[1]!)
    expect(['a', 'b', 'ключ'].map((key) => shelf.find(5, entity, key))).toEqual([cells[0], none, cells[2]])
  })

  it('does not find rows with an element', () => {
    const shelf = new Shelf(1 << 20)
    shelf.add(murmur3Text('a', 0), 1, entity, 'a', Field.activity, 'partner', 0)
    expect(shelf.find(murmur3Text('a', 0), entity, 'a')).toBe(none)
  })

  it('gives back the memory of what died', () => {
    const pair = new Pair()
    for (let round = 0; round < 50; round++) {
      for (let i = 0; i < 200; i++) pair.put(`key-${i}`, value(20 * (round + 1), round))
      while (pair.shelf.sparse) pair.shelf.keep(pair.shelf.nextAtHand())
    }
    pair.check()
    expect(pair.shelf.sparse).toBe(false)
    expect(pair.shelf.heldBytes).toBeLessThan(4 * 200 * 1_100)
  })
})
