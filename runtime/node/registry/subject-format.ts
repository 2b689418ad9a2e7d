import { brokerStartMs } from '../../base/limits.ts'
import { patiently } from '../patiently.ts'
import {
  RegistryClient,
  RegistryFailure,
  type RegistryOptions,
  type SchemaType,
  type StoredSchema,
} from './registry-client.ts'
import { schemaNotRegistered, schemasNotRead } from './registry-errors.ts'

/** How values look in a kind of schema. */
export interface SchemaLanguage {
  readonly type: SchemaType
  /** Reads what was written with a schema. Throws where the schema cannot be used. */
  reader(written: StoredSchema): (bytes: Uint8Array) => unknown
  /** Undefined: values are only read. */
  readonly writer: { readonly schema: string; encode(value: unknown): Uint8Array } | undefined
}

export interface SubjectOptions {
  readonly registry: RegistryOptions
  readonly subject: string
  /** Whether a schema that the subject does not have is registered. */
  readonly register: boolean
  /** How long the registry may be away while records wait. */
  readonly patienceMs?: number
}

/** In front of a value: a zero, and the id of its schema. */
const headBytes = 5

/**
 * Values that name their schema by its id in a registry, as Confluent's serialisers write them. Decoding and encoding wait for
 * nothing, so what they need is fetched before:
 *
 * S1 `prepareReading` fetches every version of the subject, also those taken out of use, before anything is recovered: what was
 *    ever decoded can be decoded again, with the same result, for a schema never changes.
 * S2 A record whose id is not known yet waits (`lacks`) while the subject is looked at again (`look`). Then its schema is known,
 *    or no version of the subject has that id: it is a bad record, and decoding throws.
 * S3 Who cannot be asked is no reason to call a record bad: `look` rejects.
 */
export class SubjectFormat {
  readonly #options: SubjectOptions
  readonly #client: RegistryClient
  readonly #language: SchemaLanguage
  readonly #readers = new Map<number, (bytes: Uint8Array) => unknown>()
  readonly #versions = new Set<number>()
  #looking: Promise<unknown> = Promise.resolve()
  /** No registry gives the id 0: that of a value that was never meant for anybody else, as in a simulation. */
  #writtenId = 0

  constructor(options: SubjectOptions, language: SchemaLanguage) {
    this.#options = options
    this.#client = new RegistryClient(options.registry)
    this.#language = language
  }

  /** @throws MR_SOURCE_FAILED */
  prepareReading(): Promise<void> {
    return this.#fetchVersions(brokerStartMs, () => true)
  }

  /** Finds the id of the schema that values are written with; there must be one. @throws MR_SINK_FAILED */
  async prepareWriting(): Promise<void> {
    const { subject, register } = this.#options
    const { type, writer } = this.#language
    if (writer === undefined) throw schemaNotRegistered(subject, new TypeError('it was given none to write with'))
    try {
      this.#writtenId = await patiently(brokerStartMs, mayGoWell, async () => {
        const known = await this.#client.find(subject, type, writer.schema)
        if (known !== undefined) return known
        if (!register) throw new RegistryFailure('it is not there, and register is false', 404)
        return await this.#client.register(subject, type, writer.schema)
      })
    } catch (error) {
      throw schemaNotRegistered(subject, error)
    }
  }

  lacks(bytes: Uint8Array, start: number, end: number): boolean {
    const id = idAt(bytes, start, end)
    return id !== undefined && !this.#readers.has(id)
  }

  /**
   * Looks at the subject again. Begins after the call: a look that is under way may have begun before the schema was registered.
   * @param isWanted asked before it tries again: whether anybody still waits
   * @throws MR_SOURCE_FAILED
   */
  look(isWanted: () => boolean): Promise<void> {
    const { patienceMs = 120_000 } = this.#options
    const look = this.#looking.then(() => this.#fetchVersions(patienceMs, isWanted))
    this.#looking = look.catch(() => undefined)
    return look
  }

  decode(bytes: Uint8Array): unknown {
    const id = idAt(bytes, 0, bytes.length)
    if (id === undefined) throw new TypeError('a record that does not begin with the id of a schema')
    const read = this.#readers.get(id)
    if (read === undefined) throw new TypeError(`subject ${this.#options.subject} has no schema with the id ${id}`)
    return read(bytes.subarray(headBytes))
  }

  encode(value: unknown): Uint8Array {
    const { subject } = this.#options
    if (this.#language.writer === undefined) throw new TypeError(`no schema was given to write to subject ${subject}`)
    const content = this.#language.writer.encode(value)
    const bytes = new Uint8Array(headBytes + content.length)
    new DataView(bytes.buffer).setUint32(1, this.#writtenId)
    bytes.set(content, headBytes)
    return bytes
  }

  async #fetchVersions(patienceMs: number, isWanted: () => boolean): Promise<void> {
    const { subject } = this.#options
    try {
      const mayTry = (error: unknown): boolean => isWanted() && mayGoWell(error)
      await patiently(patienceMs, mayTry, async () => {
        for (const version of await this.#client.versions(subject)) {
          if (this.#versions.has(version)) continue
          const schema = await this.#client.version(subject, version)
          if (schema !== undefined) this.#readers.set(schema.id, this.#readerOf(schema))
          this.#versions.add(version)
        }
      })
    } catch (error) {
      throw schemasNotRead(subject, error)
    }
  }

  /** A schema that cannot be used is the fault of the records that have it, not of the others. */
  #readerOf(schema: StoredSchema): (bytes: Uint8Array) => unknown {
    try {
      if (schema.type !== this.#language.type)
        throw new TypeError(`schema ${schema.id} is of the type ${schema.type}, not ${this.#language.type}`)
      return this.#language.reader(schema)
    } catch (error) {
      return () => {
        throw error
      }
    }
  }
}

function idAt(bytes: Uint8Array, start: number, end: number): number | undefined {
  if (end - start < headBytes || bytes[start] !== 0) return undefined
  const at = start + 1
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
}

function mayGoWell(error: unknown): boolean {
  return error instanceof RegistryFailure && error.retriable
}
