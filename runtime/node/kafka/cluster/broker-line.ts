import type { Buffer } from 'node:buffer'
import type { BrokerAddress, BrokerConnection, Connect, ConnectionOptions, WireRequest } from '../connection.ts'
import { KafkaFailure } from '../failure.ts'

/** The way to one broker: a connection at a time, opened when there is something to send, and anew when it was lost. */
export class BrokerLine {
  readonly #connect: () => Promise<BrokerConnection>
  #connection: BrokerConnection | undefined
  #connecting: Promise<BrokerConnection> | undefined
  #closed = false

  constructor(address: BrokerAddress, options: ConnectionOptions, connect: Connect) {
    this.#connect = () => connect(address, options)
  }

  get isOpen(): boolean {
    return this.#connection?.isOpen === true
  }

  /** Resolves when requests can be sent. */
  async open(): Promise<BrokerConnection> {
    if (this.#connection?.isOpen === true) return this.#connection
    this.#connecting ??= this.#openAnew().finally(() => {
      this.#connecting = undefined
    })
    return await this.#connecting
  }

  /**
   * Sends a request once. A broker that does not answer in time may answer later: the connection is closed, so that nobody takes
   * that for something else.
   */
  async send(request: WireRequest, limitMs: number): Promise<Buffer> {
    const connection = await this.open()
    let timer: NodeJS.Timeout | undefined
    const silence = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new KafkaFailure('NO_CONNECTION', `no answer within ${limitMs} ms`, { retriable: true }))
        connection.close()
      }, limitMs)
    })
    try {
      return await Promise.race([connection.send(request), silence])
    } finally {
      clearTimeout(timer)
    }
  }

  close(): void {
    this.#closed = true
    this.#connection?.close()
  }

  async #openAnew(): Promise<BrokerConnection> {
    const connection = await this.#connect()
    if (this.#closed) {
      connection.close()
      throw new KafkaFailure('CLOSED', 'the client is closed', { retriable: false })
    }
    this.#connection = connection
    return connection
  }
}
