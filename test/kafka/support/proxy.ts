import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import type { ConnectionOptions } from '../../../runtime/node/kafka/kafkajs/connections.ts'

/** Stands between clients and brokers, and cuts connections in the middle of whatever they carry. */
export class Proxy {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #targetPort = 0
  #refusing = false

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
  get connect(): NonNullable<ConnectionOptions['connect']> {
    return ({ port, onConnect }) => {
      this.#targetPort = port
      return connect(
        { host: '127.0.0.1', port: (this.#server.address() as AddressInfo).port, noDelay: true },
        onConnect,
      )
    }
  }

  /** Ends every connection now; what has not arrived yet never does. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
    this.#sockets.clear()
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
      from.pipe(to)
      from.on('error', () => to.destroy())
      from.on('close', () => {
        this.#sockets.delete(from)
        to.destroy()
      })
    }
  }
}
