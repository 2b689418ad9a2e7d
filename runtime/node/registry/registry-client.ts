export interface RegistryOptions {
  readonly url: string
  readonly username?: string | undefined
  readonly password?: string | undefined
}

export type SchemaType = 'AVRO' | 'PROTOBUF'

/** A schema as the registry keeps it; what it refers to comes with it, each behind what it needs itself. */
export interface StoredSchema {
  readonly id: number
  readonly type: string
  readonly text: string
  readonly references: readonly NamedSchema[]
}

export interface NamedSchema {
  readonly name: string
  readonly text: string
}

/** The registry cannot be asked, or refuses. */
export class RegistryFailure extends Error {
  /** Of HTTP; undefined: there was no answer. */
  readonly status: number | undefined

  constructor(message: string, status: number | undefined, cause?: unknown) {
    super(message, { cause })
    this.status = status
  }

  get retriable(): boolean {
    return this.status === undefined || this.status === 429 || this.status >= 500
  }
}

interface Answer {
  id: number
  schema: string
  schemaType?: string
  references?: { name: string; subject: string; version: number }[]
}

const answerMs = 10_000

/** The part of a schema registry's HTTP interface that formats need. Every call rejects with a RegistryFailure. */
export class RegistryClient {
  readonly #base: string
  readonly #headers: Record<string, string>

  constructor({ url, username, password }: RegistryOptions) {
    this.#base = url.replace(/\/+$/, '')
    const login = Buffer.from(`${username ?? ''}:${password ?? ''}`).toString('base64')
    this.#headers = username === undefined ? {} : { authorization: `Basic ${login}` }
  }

  /** The numbers of all versions that a subject ever had, also of those that were taken out of use. None: nobody knows it. */
  async versions(subject: string): Promise<readonly number[]> {
    const found = await this.#get<number[]>(`/subjects/${encodeURIComponent(subject)}/versions?deleted=true`)
    return found ?? []
  }

  /** Undefined: it was removed for good. */
  async version(subject: string, version: number): Promise<StoredSchema | undefined> {
    const answer = await this.#answer(subject, version)
    if (answer === undefined) return undefined
    const references = new Map<string, string>()
    await this.#addReferences(answer, references)
    return {
      id: answer.id,
      type: answer.schemaType ?? 'AVRO',
      text: answer.schema,
      references: [...references].map(([name, text]) => ({ name, text })),
    }
  }

  /** The id of a schema in a subject; undefined: the subject does not have it. */
  async find(subject: string, schemaType: SchemaType, schema: string): Promise<number | undefined> {
    const path = `/subjects/${encodeURIComponent(subject)}`
    return (await this.#call<Answer>('POST', path, { schemaType, schema }))?.id
  }

  /** Gives a schema to a subject that does not have it yet. */
  async register(subject: string, schemaType: SchemaType, schema: string): Promise<number> {
    const path = `/subjects/${encodeURIComponent(subject)}/versions`
    const answer = await this.#call<Answer>('POST', path, { schemaType, schema })
    if (answer === undefined) throw new RegistryFailure(`subject ${subject} cannot be given a schema`, 404)
    return answer.id
  }

  #answer(subject: string, version: number): Promise<Answer | undefined> {
    return this.#get(`/subjects/${encodeURIComponent(subject)}/versions/${version}?deleted=true`)
  }

  async #addReferences({ references = [] }: Answer, found: Map<string, string>): Promise<void> {
    for (const { name, subject, version } of references) {
      if (found.has(name)) continue
      const answer = await this.#answer(subject, version)
      if (answer === undefined) throw new RegistryFailure(`version ${version} of subject ${subject} is gone`, 404)
      await this.#addReferences(answer, found)
      found.set(name, answer.schema)
    }
  }

  #get<T>(path: string): Promise<T | undefined> {
    return this.#call('GET', path, undefined)
  }

  /** Undefined: there is no such thing. */
  async #call<T>(method: string, path: string, body: unknown): Promise<T | undefined> {
    let response: Response
    let text: string
    try {
      response = await fetch(this.#base + path, {
        method,
        headers: { ...this.#headers, 'content-type': 'application/vnd.schemaregistry.v1+json' },
        body: body === undefined ? null : JSON.stringify(body),
        signal: AbortSignal.timeout(answerMs),
      })
      text = await response.text()
    } catch (cause) {
      throw new RegistryFailure(`${this.#base} does not answer`, undefined, cause)
    }
    if (response.status === 404) return undefined
    if (!response.ok)
      throw new RegistryFailure(`${this.#base} answers ${response.status}: ${text.slice(0, 300)}`, response.status)
    try {
      return JSON.parse(text) as T
    } catch (cause) {
      throw new RegistryFailure(`${this.#base} answers what is no JSON`, response.status, cause)
    }
  }
}
