import type { ByteWriter } from '../base/bytes.ts'
import { UnencodableError } from '../shard/codec.ts'
import { writeBigint } from './bigint.ts'
import { extension, maxDepth, tag } from './format.ts'
import { pathText, whatIs } from './refusal.ts'
import type { Step } from './refusal.ts'
import { writeText } from './text-writer.ts'
import { bytesOf, viewKindOf } from './views.ts'

const objectPrototype = Object.prototype
/** Below this many objects in one value, looking through a list is faster than a Map. */
const fewObjects = 16

/**
 * Writes one value after the other. Checks and writes in one walk: what is refused has left nothing behind.
 * E1 Equal data (same keys in the same order, same sharing) gives equal bytes, whatever was encoded before.
 * E2 An object that occurs twice in a value is written once, and is one object again after decoding.
 * E3 What counts is what a copy would show: own enumerable properties with a text for a name. Symbols as names, getters as such,
 *    and names that somebody hung on a long list are no data and are not kept.
 */
export class Encoder {
  #out!: ByteWriter
  /** The objects of this value, in the order in which they begin. */
  #seen: (object | undefined)[] = []
  #count = 0
  #numbers: Map<object, number> | undefined
  #shares = false
  /** The objects that are being written, by depth, and at which child each of them is. */
  #open: (object | undefined)[] = []
  #steps: Step[] = []

  /** Appends `value`. Throws an UnencodableError, and `out` is then as it was. */
  append(out: ByteWriter, value: unknown): void {
    const start = out.length
    this.#out = out
    try {
      this.#value(value, 0)
      if (this.#shares) this.#prefix(start)
    } catch (error) {
      out.length = start
      const refusal = error instanceof UnencodableError ? error : this.#unreadable(error)
      this.#open = []
      this.#steps = []
      throw refusal
    } finally {
      if (this.#count > 0) this.#release()
    }
  }

  /** So that nothing of the user's is held on to. */
  #release(): void {
    if (this.#count > fewObjects) {
      this.#seen = []
      this.#steps = []
      this.#numbers = undefined
    } else for (let i = 0; i < this.#count; i++) this.#seen[i] = undefined
    this.#count = 0
    this.#shares = false
  }

  #prefix(start: number): void {
    const out = this.#out
    out.reserve(1)
    out.bytes.copyWithin(start + 1, start, out.length)
    out.bytes[start] = tag.shares
    out.length += 1
  }

  #value(value: unknown, depth: number): void {
    switch (typeof value) {
      case 'number':
        this.#number(value)
        return
      case 'string':
        this.#text(value, depth)
        return
      case 'boolean':
        this.#out.u8(value ? tag.true : tag.false)
        return
      case 'object':
        if (value === null) this.#out.u8(tag.nil)
        else this.#object(value, depth)
        return
      case 'undefined':
        this.#out.u8(tag.fixext1)
        this.#out.u16(0)
        return
      case 'bigint':
        writeBigint(this.#out, value)
        return
      default:
        throw this.#refuse(whatIs(value), depth)
    }
  }

  #number(value: number): void {
    const out = this.#out
    if (value >>> 0 === value && (value !== 0 || 1 / value > 0)) {
      if (value < 0x80) out.u8(value)
      else if (value < 0x100) out.u16((tag.uint8 << 8) | value)
      else if (value < 0x1_0000) {
        out.u8(tag.uint16)
        out.u16(value)
      } else {
        out.u8(tag.uint32)
        out.u32(value)
      }
    } else if (value >> 0 === value && value !== 0) {
      if (value >= -0x20) out.u8(0x100 + value)
      else if (value >= -0x80) out.u16((tag.int8 << 8) | (value & 0xff))
      else if (value >= -0x8000) {
        out.u8(tag.int16)
        out.u16(value)
      } else {
        out.u8(tag.int32)
        out.u32(value)
      }
    } else {
      out.u8(tag.float64)
      out.f64(Number.isNaN(value) ? Number.NaN : value) // there are many, and they are one value
    }
  }

  #text(text: string, depth: number): void {
    if (!writeText(this.#out, text)) throw this.#refuse('a text with half a surrogate pair', depth)
  }

  #object(object: object, depth: number): void {
    if (this.#again(object, depth)) return
    if (depth >= maxDepth) throw this.#refuse(`nested deeper than ${maxDepth} levels`, depth)
    this.#open[depth] = object
    const prototype: unknown = Object.getPrototypeOf(object)
    if (prototype === objectPrototype) this.#properties(object, depth)
    else if (Array.isArray(object)) this.#list(object, prototype, depth)
    else this.#other(object, prototype, depth)
    this.#open[depth] = undefined
  }

  #other(object: object, prototype: unknown, depth: number): void {
    if (prototype === null) this.#extended(extension.bareObject, () => this.#properties(object, depth))
    else if (prototype === Map.prototype)
      this.#extended(extension.map, () => this.#map(object as Map<unknown, unknown>, depth))
    else if (prototype === Set.prototype) this.#extended(extension.set, () => this.#set(object as Set<unknown>, depth))
    else if (prototype === Date.prototype) this.#date(object as Date)
    else this.#view(object, viewKindOf(prototype), depth)
  }

  /** Notes an object that was not seen yet; writes which one it is if it was. */
  #again(object: object, depth: number): boolean {
    const count = this.#count
    let number = -1
    if (count <= fewObjects) {
      for (let i = 0; i < count && number < 0; i++) if (this.#seen[i] === object) number = i
    } else {
      this.#numbers ??= new Map(this.#seen.map((earlier, i) => [earlier!, i]))
      number = this.#numbers.get(object) ?? -1
    }
    if (number < 0) {
      this.#seen[count] = object
      this.#numbers?.set(object, count)
      this.#count = count + 1
      return false
    }
    if (this.#open.includes(object)) throw this.#refuse('part of a circle (it is inside itself)', depth)
    this.#shares = true
    this.#out.u8(tag.fixext4)
    this.#out.u8(extension.again)
    this.#out.u32(number)
    return true
  }

  #properties(object: object, depth: number): void {
    const out = this.#out
    const steps = this.#steps
    const values = object as Record<string, unknown>
    const start = out.length
    let count = 0
    out.u8(tag.fixmap)
    for (const name in values) {
      steps[depth] = name
      if (name === '__proto__') throw this.#refuse('a property that would replace the prototype', depth + 1)
      if (!writeText(out, name)) throw this.#refuse('a name with half a surrogate pair', depth + 1)
      const value = values[name]
      if (typeof value === 'number') this.#number(value)
      else this.#value(value, depth + 1)
      count += 1
    }
    if (count < 0x10) out.bytes[start] = tag.fixmap | count
    else this.#widen(start, tag.map16, count)
  }

  #list(list: unknown[], prototype: unknown, depth: number): void {
    if (prototype !== Array.prototype) throw this.#refuse(whatIs(list), depth)
    // What exec() and match() return, and what a template tag gets: lists that carry names, which a copy would lose.
    if ('index' in list || 'raw' in list) throw this.#refuse('a list with named properties (copy it: [...list])', depth)
    const out = this.#out
    const steps = this.#steps
    const size = list.length
    if (size < 0x10) out.u8(tag.fixarray | size)
    else this.#head(tag.array16, size)
    for (let i = 0; i < size; i++) {
      const value = list[i]
      steps[depth] = i
      if (value === undefined && !(i in list)) throw this.#refuse('a hole in a list', depth + 1)
      this.#value(value, depth + 1)
    }
  }

  #map(map: Map<unknown, unknown>, depth: number): void {
    this.#head(tag.map16, map.size)
    let i = 0
    for (const [key, value] of map) {
      this.#steps[depth] = { place: `.keys()[${i++}]` }
      this.#value(key, depth + 1)
      this.#steps[depth] = { key }
      this.#value(value, depth + 1)
    }
  }

  #set(set: Set<unknown>, depth: number): void {
    this.#head(tag.array16, set.size)
    let i = 0
    for (const member of set) {
      this.#steps[depth] = { place: `.values()[${i++}]` }
      this.#value(member, depth + 1)
    }
  }

  #date(date: Date): void {
    const ms = Date.prototype.getTime.call(date)
    this.#out.u8(tag.fixext8)
    this.#out.u8(extension.date)
    this.#out.f64(Number.isNaN(ms) ? Number.NaN : ms)
  }

  #view(view: object, kind: number | undefined, depth: number): void {
    if (kind === undefined) throw this.#refuse(whatIs(view), depth)
    const out = this.#out
    const bytes = bytesOf(view)
    const size = bytes.length
    if (kind === 1) {
      if (size < 0x100) out.u16((tag.bin8 << 8) | size)
      else this.#head(tag.bin16, size)
    } else {
      this.#head(tag.ext16, size + 1)
      out.u8(extension.view)
      out.u8(kind)
    }
    out.raw(bytes)
  }

  /** A tag with 16 bits of size, or the tag after it with 32. */
  #head(tag16: number, size: number): void {
    const out = this.#out
    if (size < 0x1_0000) {
      out.u8(tag16)
      out.u16(size)
    } else {
      out.u8(tag16 + 1)
      out.u32(size)
    }
  }

  /** Replaces the one byte at `start`, behind which everything was written already, by a longer head. */
  #widen(start: number, tag16: number, count: number): void {
    const out = this.#out
    const end = out.length
    const extra = count < 0x1_0000 ? 2 : 4
    out.reserve(extra)
    out.bytes.copyWithin(start + 1 + extra, start + 1, end)
    out.length = start
    this.#head(tag16, count)
    out.length = end + extra
  }

  #extended(type: number, write: () => void): void {
    const out = this.#out
    out.u8(tag.ext32)
    const sizeAt = out.length
    out.u32(0)
    out.u8(type)
    write()
    out.patchU32(sizeAt, out.length - sizeAt - 5)
  }

  #refuse(what: string, depth: number): UnencodableError {
    return new UnencodableError(pathText(this.#steps.slice(0, depth)), what)
  }

  /** Reading the value ran code of its own (a getter, a proxy), or met an object that only pretends to be a Map. */
  #unreadable(error: unknown): UnencodableError {
    const depth = this.#open.findLastIndex((object) => object !== undefined)
    return this.#refuse(`not readable (${error instanceof Error ? error.message : String(error)})`, depth + 1)
  }
}
