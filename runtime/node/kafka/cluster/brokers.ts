import type { BrokerAddress, Connect, ConnectionOptions } from '../connection.ts'
import { isRetriable, KafkaFailure } from '../failure.ts'
import type { WireCall } from '../wire/call.ts'
import { type CoordinatorKind, coordinatorCall } from '../wire/coordinator.ts'
import { type Metadata, metadataCall } from '../wire/metadata.ts'
import { BrokerLine } from './broker-line.ts'
import { whenReady } from './when-ready.ts'

/** Beyond what the broker is allowed to think about a request. */
const answerMs = 15_000
const fetchKey = 1

/** The brokers of one cluster: who they are, whom to ask, and the lines to them. */
export class Brokers {
  readonly #given: readonly BrokerAddress[]
  readonly #options: ConnectionOptions
  readonly #connect: Connect
  #nodes: ReadonlyMap<number, BrokerAddress> = new Map()
  /** A broker that was away may come back under another address. */
  #areNodesOld = false
  readonly #coordinators = new Map<string, number>()
  /** By address and use: what waits at a broker for records does not hold up the rest. */
  readonly #lines = new Map<string, BrokerLine>()
  readonly #calls = new Set<Promise<unknown>>()
  #closed = false

  /** @param given `host:port` of brokers that know the others */
  constructor(given: readonly string[], options: ConnectionOptions, connect: Connect) {
    this.#given = given.map(addressOf)
    this.#options = options
    this.#connect = connect
  }

  /** Asks any broker. */
  anyone<T>(call: WireCall<T>): Promise<T> {
    return this.#guarded(call, async () => await this.#ask(await this.#anyLine(call), call))
  }

  node<T>(node: number, call: WireCall<T>): Promise<T> {
    return this.#guarded(call, async () => {
      const known = this.#areNodesOld ? undefined : this.#nodes.get(node)
      return await this.#ask(this.#line(known ?? (await this.#addressOf(node, call)), call), call)
    })
  }

  /** Asks whoever coordinates a group or a transactional id. Waits while it is being chosen. */
  async coordinator<T>(kind: CoordinatorKind, id: string, call: WireCall<T>): Promise<T> {
    const name = `${kind}/${id}`
    return await whenReady(async () => {
      try {
        const node = this.#coordinators.get(name) ?? (await this.anyone(coordinatorCall(call.doing, kind, id)))
        this.#coordinators.set(name, node)
        return await this.node(node, call)
      } catch (error) {
        // It may be another one by now.
        this.#coordinators.delete(name)
        throw error
      }
    })
  }

  async metadata(doing: string, topic?: string): Promise<Metadata> {
    const metadata = await this.anyone(metadataCall(doing, topic))
    this.#know(metadata)
    return metadata
  }

  /** Waits for calls that are under way. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.allSettled(this.#calls)
    for (const line of this.#lines.values()) line.close()
  }

  async #addressOf(node: number, { doing }: WireCall<unknown>): Promise<BrokerAddress> {
    if (node < 0) throw new KafkaFailure('LEADER_NOT_AVAILABLE', 'nobody leads it', { retriable: true })
    const call = metadataCall(doing)
    this.#know(await this.#ask(await this.#anyLine(call), call))
    const address = this.#nodes.get(node)
    if (address !== undefined) return address
    throw new KafkaFailure('NO_CONNECTION', `nobody knows broker ${node}`, { retriable: true })
  }

  #know({ nodes }: Metadata): void {
    this.#nodes = nodes
    this.#areNodesOld = false
  }

  /** To a broker that takes requests. */
  async #anyLine(call: WireCall<unknown>): Promise<BrokerLine> {
    const lines = new Set([...this.#nodes.values(), ...this.#given].map((address) => this.#line(address, call)))
    for (const line of lines) if (line.isOpen) return line
    let failure: unknown
    for (const line of lines) {
      try {
        await line.open()
        return line
      } catch (error) {
        // Who is not let in by one is not let in by others, and should hear of that rather than that others are away.
        if (!isRetriable(error)) throw error
        failure = error
      }
    }
    throw failure
  }

  async #ask<T>(line: BrokerLine, { key, version, request, waitMs, read }: WireCall<T>): Promise<T> {
    try {
      return read(await line.send({ key, version, body: request.bytes }, waitMs + answerMs))
    } catch (error) {
      if (!line.isOpen) this.#areNodesOld = true
      throw error
    }
  }

  #line(address: BrokerAddress, { key }: WireCall<unknown>): BrokerLine {
    const name = `${address.host}:${address.port}/${key === fetchKey ? 'fetch' : 'other'}`
    let line = this.#lines.get(name)
    if (line === undefined) this.#lines.set(name, (line = new BrokerLine(address, this.#options, this.#connect)))
    return line
  }

  async #guarded<T>({ doing }: WireCall<T>, ask: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new KafkaFailure('CLOSED', `${doing}: the client is closed`, { retriable: false })
    const call = ask()
    this.#calls.add(call)
    try {
      return await call
    } catch (error) {
      throw named(error, doing)
    } finally {
      this.#calls.delete(call)
    }
  }
}

/** Whoever reads the message should know what was being done. */
function named(error: unknown, doing: string): KafkaFailure {
  if (error instanceof KafkaFailure) {
    const { kind, message, retriable } = error
    return message.startsWith(doing)
      ? error
      : new KafkaFailure(kind, `${doing}: ${message}`, { retriable, cause: error })
  }
  const what = error instanceof Error ? error.message : String(error)
  return new KafkaFailure('UNREADABLE', `${doing}: ${what}`, { retriable: false, cause: error })
}

function addressOf(broker: string): BrokerAddress {
  const colon = broker.lastIndexOf(':')
  return { host: broker.slice(0, colon), port: Number(broker.slice(colon + 1)) }
}
