import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Connect } from '../../../runtime/node/kafka/connection.ts'
import { connectKafkaJs } from '../../../runtime/node/kafka/kafkajs/connect.ts'

export interface Slowness {
  readonly pieceBytes: number
  readonly pauseMs: number
}

/** Stands between clients and brokers, and cuts or slows connections in the middle of whatever they carry. */
export class Proxy {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  /** How often everything was cut. */
  cuts = 0
  #targetPort = 0
  #refusing = false
  #slowness: Slowness | undefined
  /** How many bytes may pass before everything is cut, and whom to tell then. */
  #limit: { bytes: number; readonly reached: () => void } | undefined
  #silence: PromiseWithEnd | undefined

  private constructor(server: Server) {
    this.#server = server
    server.on('connection', (socket) => this.#carry(socket))
  }

  static async start(): Promise<Proxy> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new Proxy(server)
  }

  /** For a client that is to come this way. All brokers are one here. */
  get connect(): Connect {
    return this.through(connectKafkaJs)
  }

  through(connect: Connect): Connect {
    return ({ port }, options) => {
      this.aim(port)
      return connect({ host: '127.0.0.1', port: this.port }, options)
    }
  }

  /** Where those who come lead to. */
  aim(port: number): void {
    this.#targetPort = port
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Ends every connection now; what has not arrived yet never does. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
    this.#sockets.clear()
    this.cuts += 1
  }

  /**
   * Lets about so many more bytes pass, of all connections and both ways together, and then ends every connection, in the middle of what
   * it carries. Resolves when it has; takes the place of a cut that is still to come.
   */
  cutAfter(bytes: number): Promise<void> {
    return new Promise((reached) => {
      this.#limit = { bytes, reached }
    })
  }

  /** What comes from now on arrives in pieces, each after a pause. Undefined: as fast as it can. */
  slow(slowness: Slowness | undefined): void {
    this.#slowness = slowness
  }

  /** Nothing gets through and nothing ends, until `speak`: as with a network that swallows, or a peer that does not read. */
  hush(): void {
    this.#silence ??= promiseWithEnd()
  }

  speak(): void {
    this.#silence?.end()
    this.#silence = undefined
  }

  /** From now on nobody gets through any more. */
  refuse(): void {
    this.#refusing = true
    this.cut()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.refuse()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #carry(socket: Socket): void {
    if (this.#refusing) {
      socket.resetAndDestroy()
      return
    }
    const onwards = connect({ host: '127.0.0.1', port: this.#targetPort, noDelay: true })
    for (const [from, to] of [
      [socket, onwards],
      [onwards, socket],
    ] as const) {
      this.#sockets.add(from)
      this.#forward(from, to).then(
        () => to.end(),
        () => to.destroy(),
      )
      from.on('error', () => to.destroy())
      from.on('close', () => {
        this.#sockets.delete(from)
        to.destroy()
      })
    }
  }

  async #forward(from: Socket, to: Socket): Promise<void> {
    for await (const chunk of from as AsyncIterable<Buffer>) {
      for (let at = 0; at < chunk.length; ) {
        await this.#silence?.promise
        const slowness = this.#slowness
        if (slowness !== undefined) await sleep(slowness.pauseMs)
        const end = Math.min(
          chunk.length,
          at + (slowness?.pieceBytes ?? chunk.length),
          at + (this.#limit?.bytes ?? chunk.length),
        )
        await new Promise<void>((done, fail) => {
          to.write(chunk.subarray(at, end), (error) => (error ? fail(error) : done()))
        })
        this.#count(end - at)
        at = end
      }
    }
  }

  #count(passed: number): void {
    const limit = this.#limit
    if (limit === undefined) return
    limit.bytes -= passed
    if (limit.bytes > 0) return
    this.#limit = undefined
    this.cut()
    limit.reached()
  }
}

interface PromiseWithEnd {
  readonly promise: Promise<void>
  end(): void
}

function promiseWithEnd(): PromiseWithEnd {
  let end!: () => void
  const promise = new Promise<void>((resolve) => {
    end = resolve
  })
  return { promise, end }
}
