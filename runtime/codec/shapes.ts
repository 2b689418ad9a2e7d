import { ByteWriter } from '../base/bytes.ts'
import { writeText } from './text-writer.ts'

/** What a reader that was made calls: is this name next (then it is behind us), and the value after it. */
export interface ShapeSteps {
  readonly expect: (name: Uint8Array) => boolean
  readonly value: () => unknown
}

/** Reads an object with the names it was made for. Undefined: it is another one, to be read again from its start. */
type ReadShape = () => object | undefined

/** What is known of objects that begin alike. */
export interface Shape {
  names: readonly string[]
  /** How many in a row had these names. */
  seen: number
  /** How often the names were others than before. */
  changes: number
  read: ReadShape | undefined
}

/** So often in a row must names be the same. */
const seenEnough = 16
/** Objects that change so often are dictionaries, or several kinds that begin alike: they are read the plain way for ever. */
const changesEnough = 32
/** Code is made so often at most. A program has few shapes. */
const maxMade = 512
const tableSize = 256

/**
 * Objects with the same names in the same order are read by a function made for them: setting properties one by one costs five
 * times what an object literal does, which is most of the time that decoding takes. Where a process forbids code from texts
 * nothing is made, and everything still works.
 */
export class Shapes {
  readonly #table: (Shape | undefined)[] = new Array<Shape | undefined>(tableSize).fill(undefined)
  readonly #steps: ShapeSteps
  #left = maxMade

  constructor(steps: ShapeSteps) {
    this.#steps = steps
  }

  /** By the number of properties, and how the first name begins: its length and its first byte. */
  at(count: number, head: number, first: number): Shape {
    const slot = (count ^ (head << 4) ^ (first << 2)) & (tableSize - 1)
    return (this.#table[slot] ??= { names: [], seen: 0, changes: 0, read: undefined })
  }

  /** `object` was read the plain way. */
  learn(shape: Shape, object: object): void {
    if (shape.changes > changesEnough) return
    const names = Object.keys(object)
    if (!equal(names, shape.names)) {
      shape.names = names
      shape.seen = 0
      shape.changes += 1
      shape.read = undefined
    } else if (++shape.seen === seenEnough && this.#left > 0) {
      this.#left -= 1
      shape.read = makeReader(names, this.#steps)
    }
  }
}

function equal(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

type Make = (names: readonly Uint8Array[], expect: ShapeSteps['expect'], value: ShapeSteps['value']) => ReadShape

function makeReader(names: readonly string[], { expect, value }: ShapeSteps): ReadShape | undefined {
  const reads = names.map((_, i) => `if (!expect(n${i})) return undefined; const v${i} = value();`)
  const properties = names.map((name, i) => `${JSON.stringify(name)}: v${i}`)
  const code = `
    const [${names.map((_, i) => `n${i}`).join()}] = names
    return () => { ${reads.join(' ')} return { ${properties.join()} } }`
  try {
    // What is compiled are names that were read as data, quoted as text: nothing of them can become code.
    // oxlint-disable-next-line typescript/no-implied-eval
    return (new Function('names', 'expect', 'value', code) as Make)(names.map(encoded), expect, value)
  } catch {
    return undefined
  }
}

function encoded(name: string): Uint8Array {
  const out = new ByteWriter(name.length * 3 + 5)
  writeText(out, name)
  return out.copy()
}
