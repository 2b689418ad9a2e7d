import { ByteReader, ByteWriter } from '../base/bytes.ts'

/**
 * Names and the numbers that stand for them on disk. A number is given once and never again, so a name that comes back finds
 * its data. The catalog is one row; it is written with the first commit that uses a new name.
 */
export class Catalog {
  readonly #lists: Record<CatalogKind, string[]> = { entity: [], route: [], source: [], sink: [] }
  readonly #numbers: Record<CatalogKind, Map<string, number>> = {
    entity: new Map(),
    route: new Map(),
    source: new Map(),
    sink: new Map(),
  }
  /** Whether it has names that are not in the store yet. */
  changed = false

  static decode(bytes: Uint8Array | undefined): Catalog {
    const catalog = new Catalog()
    if (bytes === undefined) return catalog
    const reader = new ByteReader(bytes)
    for (const kind of kinds) for (let left = reader.varint(); left > 0; left--) catalog.number(kind, reader.text())
    catalog.changed = false
    return catalog
  }

  encode(): Uint8Array {
    const out = new ByteWriter()
    for (const kind of kinds) {
      out.varint(this.#lists[kind].length)
      for (const name of this.#lists[kind]) out.text(name)
    }
    return out.copy()
  }

  /** The number of a name; a new one if the name is new. */
  number(kind: CatalogKind, name: string): number {
    const known = this.#numbers[kind].get(name)
    if (known !== undefined) return known
    const number = this.#lists[kind].length
    this.#lists[kind].push(name)
    this.#numbers[kind].set(name, number)
    this.changed = true
    return number
  }

  name(kind: CatalogKind, number: number): string | undefined {
    return this.#lists[kind][number]
  }

  names(kind: CatalogKind): readonly string[] {
    return this.#lists[kind]
  }
}

const kinds = ['entity', 'route', 'source', 'sink'] as const
export type CatalogKind = (typeof kinds)[number]
