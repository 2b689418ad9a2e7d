import { extension, maxDepth, tag } from './format.ts'
import { Shapes } from './shapes.ts'
import { TextReader } from './text-reader.ts'
import { viewKinds } from './views.ts'

/** Reads what Encoder wrote. Anything else, and bytes that end too early or too late, throws a RangeError. */
export class Decoder {
  #bytes!: Uint8Array
  #view!: DataView
  #at = 0
  #end = 0
  #depth = 0
  /** The value's objects in the order in which they begin. Undefined: nothing is shared, so nobody will ask. */
  #objects: unknown[] | undefined
  readonly #texts = new TextReader()
  readonly #shapes = new Shapes({ expect: (name) => this.#expect(name), value: () => this.#value() })

  decode(bytes: Uint8Array, start: number, end: number): unknown {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    }
    if (end > bytes.length) throw this.#broken('it is cut off')
    this.#at = start
    this.#end = end
    this.#depth = 0
    this.#objects = undefined
    if (bytes[start] === tag.shares) {
      this.#at += 1
      this.#objects = []
    }
    const value = this.#value()
    this.#objects = undefined
    if (this.#at !== end) throw this.#broken('it is followed by something')
    return value
  }

  #value(): unknown {
    const at = this.#take(1)
    const head = this.#bytes[at]!
    if (head < 0x80) return head
    if (head >= 0xe0) return head - 0x100
    if (head >= tag.nil) return this.#tagged(head)
    if (head >= tag.fixstr) return this.#text(head & 0x1f)
    if (head >= tag.fixarray) return this.#list(head & 0x0f)
    return this.#small(head & 0x0f)
  }

  #tagged(head: number): unknown {
    const view = this.#view
    switch (head) {
      case tag.float64:
        return view.getFloat64(this.#take(8))
      case tag.uint8:
        return view.getUint8(this.#take(1))
      case tag.uint16:
        return view.getUint16(this.#take(2))
      case tag.uint32:
        return view.getUint32(this.#take(4))
      case tag.true:
        return true
      case tag.false:
        return false
      case tag.nil:
        return null
      case tag.int8:
        return view.getInt8(this.#take(1))
      case tag.int16:
        return view.getInt16(this.#take(2))
      case tag.int32:
        return view.getInt32(this.#take(4))
      case tag.int64:
        return view.getBigInt64(this.#take(8))
      case tag.uint64:
        return view.getBigUint64(this.#take(8))
      case tag.str8:
      case tag.str16:
      case tag.str32:
        return this.#text(this.#size(head - tag.str8))
      case tag.array16:
      case tag.array32:
        return this.#list(this.#size(head - tag.array16 + 1))
      case tag.map16:
      case tag.map32:
        return this.#properties(this.#size(head - tag.map16 + 1), {})
      case tag.bin8:
      case tag.bin16:
      case tag.bin32:
        return this.#noted(this.#copy(this.#size(head - tag.bin8)))
      case tag.ext8:
      case tag.ext16:
      case tag.ext32:
        return this.#extended(this.#size(head - tag.ext8))
      case tag.fixext1:
        return this.#extended(1)
      case tag.fixext4:
        return this.#extended(4)
      case tag.fixext8:
        return this.#extended(8)
      default:
        throw this.#broken(`nothing begins with ${head}`)
    }
  }

  #extended(size: number): unknown {
    const type = this.#bytes[this.#take(1)]!
    if (this.#at + size > this.#end) throw this.#broken('it is cut off')
    switch (type) {
      case extension.undefined:
        this.#take(size)
        return undefined
      case extension.date:
        return this.#noted(new Date(this.#view.getFloat64(this.#take(8))))
      case extension.again:
        return this.#again(this.#view.getUint32(this.#take(4)))
      case extension.map:
        return this.#map()
      case extension.set:
        return this.#set()
      case extension.bareObject:
        return this.#bareObject()
      case extension.view: {
        const kind = viewKinds[this.#bytes[this.#take(1)]!]
        if (kind === undefined) throw this.#broken('it holds an unknown kind of bytes')
        return this.#noted(kind.make(this.#copy(size - 1).buffer as ArrayBuffer))
      }
      case extension.bigint:
        return this.#bigint(size)
      default:
        throw this.#broken(`there is no extension ${type}`)
    }
  }

  /** A plain object of few properties: nearly all are. */
  #small(count: number): object {
    const at = this.#at
    if (count === 0 || this.#objects !== undefined || at + 1 >= this.#end) return this.#properties(count, {})
    const shape = this.#shapes.at(count, this.#bytes[at]!, this.#bytes[at + 1]!)
    if (shape.read !== undefined) {
      this.#enter()
      const object = shape.read()
      if (object !== undefined) {
        this.#depth -= 1
        return object
      }
      this.#at = at
      this.#depth -= 1
    }
    const object = this.#properties(count, {})
    this.#shapes.learn(shape, object)
    return object
  }

  #expect(name: Uint8Array): boolean {
    const bytes = this.#bytes
    const at = this.#at
    const size = name.length
    if (at + size > this.#end) return false
    for (let i = 0; i < size; i++) if (bytes[at + i] !== name[i]) return false
    this.#at = at + size
    return true
  }

  #properties(count: number, object: Record<string, unknown>): object {
    this.#objects?.push(object)
    this.#enter()
    for (let i = 0; i < count; i++) {
      const name = this.#name()
      if (name === '__proto__') throw this.#broken('a property would replace the prototype')
      object[name] = this.#value()
    }
    this.#depth -= 1
    return object
  }

  #list(count: number): unknown[] {
    const list: unknown[] = []
    this.#objects?.push(list)
    this.#enter()
    for (let i = 0; i < count; i++) list.push(this.#value())
    this.#depth -= 1
    return list
  }

  #map(): Map<unknown, unknown> {
    const map = new Map<unknown, unknown>()
    this.#objects?.push(map)
    this.#enter()
    for (let left = this.#headOf(tag.map16); left > 0; left--) {
      const key = this.#value()
      map.set(key, this.#value())
    }
    this.#depth -= 1
    return map
  }

  #set(): Set<unknown> {
    const set = new Set<unknown>()
    this.#objects?.push(set)
    this.#enter()
    for (let left = this.#headOf(tag.array16); left > 0; left--) set.add(this.#value())
    this.#depth -= 1
    return set
  }

  #bareObject(): object {
    const head = this.#bytes[this.#take(1)]!
    const count = head < tag.fixarray ? head & 0x0f : this.#size(head - tag.map16 + 1)
    return this.#properties(count, Object.create(null) as Record<string, unknown>)
  }

  #name(): string {
    const head = this.#bytes[this.#take(1)]!
    if (head >= tag.fixstr && head < tag.nil) {
      const size = head & 0x1f
      return this.#texts.name(this.#bytes, this.#take(size), size)
    }
    if (head < tag.str8 || head > tag.str32) throw this.#broken('a property has no name')
    return this.#text(this.#size(head - tag.str8))
  }

  #text(size: number): string {
    return this.#texts.text(this.#bytes, this.#take(size), size)
  }

  #bigint(size: number): bigint {
    const at = this.#take(size)
    let hex = '0x0'
    for (let i = at + 1; i < at + size; i++) hex += this.#bytes[i]!.toString(16).padStart(2, '0')
    return this.#bytes[at] === 1 ? -BigInt(hex) : BigInt(hex)
  }

  #again(number: number): unknown {
    const objects = this.#objects
    if (objects === undefined || number >= objects.length)
      throw this.#broken('it refers to an object that it does not hold')
    return objects[number]
  }

  #noted<T>(object: T): T {
    this.#objects?.push(object)
    return object
  }

  #enter(): void {
    if (++this.#depth > maxDepth + 1) throw this.#broken('it is nested too deep')
  }

  /** The count of a Map or Set, whose heads are always of 16 or 32 bits. */
  #headOf(tag16: number): number {
    return this.#size(this.#bytes[this.#take(1)]! - tag16 + 1)
  }

  /** A size of 1, 2 or 4 bytes, by the width that the tag tells: 0, 1, 2. */
  #size(width: number): number {
    if (width === 0) return this.#view.getUint8(this.#take(1))
    if (width === 1) return this.#view.getUint16(this.#take(2))
    if (width === 2) return this.#view.getUint32(this.#take(4))
    throw this.#broken('it has no size')
  }

  #copy(size: number): Uint8Array {
    const at = this.#take(size)
    return new Uint8Array(this.#bytes.subarray(at, at + size))
  }

  #take(size: number): number {
    const at = this.#at
    if (at + size > this.#end) throw this.#broken('it is cut off')
    this.#at = at + size
    return at
  }

  #broken(why: string): RangeError {
    return new RangeError(`an encoded value is not readable at byte ${this.#at}: ${why}`)
  }
}
