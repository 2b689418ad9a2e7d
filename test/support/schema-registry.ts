import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Registered {
  readonly schema: string
  readonly schemaType?: string
  readonly references?: readonly { readonly name: string; readonly subject: string; readonly version: number }[]
}

interface Version extends Registered {
  readonly id: number
  readonly version: number
  deleted: boolean
}

/** A schema registry in this process, with the part of Confluent's HTTP interface that clients for records use. */
export class SchemaRegistry {
  /** While it is set, this is the answer to everything. */
  refusing: number | undefined
  /** What it was asked, in order: `GET /subjects/...`. */
  readonly asked: string[] = []
  readonly #server: Server
  readonly #subjects = new Map<string, Version[]>()
  readonly #ids = new Map<string, number>()

  private constructor(server: Server) {
    this.#server = server
    server.on('request', (request, response) => void this.#answer(request, response))
  }

  static async start(): Promise<SchemaRegistry> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new SchemaRegistry(server)
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** The same schema has the same id everywhere, and is one version of a subject. */
  register(subject: string, registered: Registered): number {
    const versions = this.#subjects.get(subject) ?? []
    this.#subjects.set(subject, versions)
    const text = JSON.stringify([registered.schemaType ?? 'AVRO', registered.schema, registered.references ?? []])
    const id = this.#ids.get(text) ?? this.#ids.size + 1
    this.#ids.set(text, id)
    const known = versions.find((version) => version.id === id)
    if (known !== undefined) known.deleted = false
    else versions.push({ ...registered, id, version: versions.length + 1, deleted: false })
    return id
  }

  /** Takes all versions of a subject out of use. */
  delete(subject: string): void {
    for (const version of this.#subjects.get(subject) ?? []) version.deleted = true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    this.asked.push(`${request.method} ${request.url}`)
    const url = new URL(request.url!, this.url)
    const body = chunks.length === 0 ? undefined : (JSON.parse(Buffer.concat(chunks).toString()) as Registered)
    const [status, content] =
      this.refusing === undefined ? this.#route(request.method!, url, body) : [this.refusing, { message: 'not now' }]
    response.writeHead(status, { 'content-type': 'application/vnd.schemaregistry.v1+json' })
    response.end(JSON.stringify(content))
  }

  #route(method: string, url: URL, body: Registered | undefined): [status: number, content: unknown] {
    const [, root, name = '', list, number] = url.pathname.split('/')
    if (root !== 'subjects') return [404, { error_code: 404, message: 'HTTP 404 Not Found' }]
    const subject = decodeURIComponent(name)
    const all = url.searchParams.get('deleted') === 'true'
    const versions = (this.#subjects.get(subject) ?? []).filter(({ deleted }) => all || !deleted)
    if (method === 'POST' && list === 'versions') return [200, { id: this.register(subject, body!) }]
    if (versions.length === 0) return [404, { error_code: 40401, message: `Subject '${subject}' not found.` }]
    if (method === 'POST') {
      const type = (each: Registered): string => each.schemaType ?? 'AVRO'
      const found = versions.find((each) => each.schema === body!.schema && type(each) === type(body!))
      return found === undefined
        ? [404, { error_code: 40403, message: 'Schema not found' }]
        : [200, shown(subject, found)]
    }
    if (number === undefined) return [200, versions.map(({ version }) => version)]
    const found = versions.find(({ version }) => version === Number(number))
    return found === undefined
      ? [404, { error_code: 40402, message: 'Version not found' }]
      : [200, shown(subject, found)]
  }
}

/** The registry does not name the type of what is Avro. */
function shown(subject: string, { id, version, schema, schemaType, references }: Version): unknown {
  return {
    subject,
    id,
    version,
    schema,
    ...(schemaType === undefined || schemaType === 'AVRO' ? {} : { schemaType }),
    ...(references === undefined ? {} : { references }),
  }
}
