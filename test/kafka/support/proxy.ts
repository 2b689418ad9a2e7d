import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { Transform, type TransformCallback } from 'node:stream'
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
  #targetPort = 0
  #refusing = false
  #slowness: Slowness | undefined
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
      const slow = new SlowStream(
        () => this.#slowness,
        () => this.#silence?.promise,
      )
      from.pipe(slow).pipe(to)
      from.on('error', () => to.destroy())
      from.on('close', () => {
        this.#sockets.delete(from)
        to.destroy()
      })
    }
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

class SlowStream extends Transform {
  readonly #slowness: () => Slowness | undefined
  readonly #silence: () => Promise<void> | undefined

  constructor(slowness: () => Slowness | undefined, silence: () => Promise<void> | undefined) {
    super()
    this.#slowness = slowness
    this.#silence = silence
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#carry(chunk).then(() => done(), done)
  }

  async #carry(chunk: Buffer): Promise<void> {
    for (let at = 0; at < chunk.length; ) {
      await this.#silence()
      const slowness = this.#slowness()
      if (slowness !== undefined) await sleep(slowness.pauseMs)
      const end = slowness === undefined ? chunk.length : at + slowness.pieceBytes
      this.push(chunk.subarray(at, end))
      at = end
    }
  }
}
