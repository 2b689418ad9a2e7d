import type { Socket } from 'node:net'

interface RequestQueue {
  readonly pending: readonly unknown[]
  scheduleCheckPendingRequests(): void
  destroy(): void
}

interface Connection {
  readonly host: string
  readonly port: number
  readonly requestQueue: RequestQueue
  socket: Socket | undefined
  connectionStatus: string
  authenticatedAt: unknown
  authHandlers: { onError(): void } | null
  /** Parts of an answer that is not whole. */
  chunks: unknown[]
  bytesBuffered: number
  bytesNeeded: number
  /** Ours: a connection that is being made. */
  connecting: Promise<unknown> | undefined
  isConnected(): boolean
  rejectRequests(error: Error): void
  connect(): Promise<unknown>
  disconnect(): Promise<unknown>
}

type ClosedError = new (message: string, details: { readonly host: string; readonly port: number }) => Error

/** What is wrong in kafkajs 2.2.4 and cannot be worked around from outside. Nobody will correct it there. */
export function correctKafkaJs(require: NodeJS.Require): void {
  const { prototype: queue } = require('kafkajs/src/network/requestQueue/index.js') as { prototype: RequestQueue }
  setTimersOnlyForRequests(queue)
  const { prototype: connection } = require('kafkajs/src/network/connection.js') as { prototype: Connection }
  const { KafkaJSConnectionClosedError } = require('kafkajs/src/errors.js') as {
    KafkaJSConnectionClosedError: ClosedError
  }
  beginAnew(connection, KafkaJSConnectionClosedError)
}

/**
 * After each answer it sets a timer to look at requests that wait, also when none does, and then for a time that lies far in the
 * past: younger Node.js versions print a warning about that.
 */
function setTimersOnlyForRequests(queue: RequestQueue): void {
  const schedule = queue.scheduleCheckPendingRequests
  queue.scheduleCheckPendingRequests = function (this: RequestQueue): void {
    if (this.pending.length > 0) schedule.call(this)
  }
}

/**
 * A connection that was cut in the middle of an answer keeps the first half of it, and takes what comes on the next socket for the
 * second: an error that nobody can catch, or worse. One that is being closed closes the socket that was opened meanwhile,
 * and the requests on it are never answered. So a socket that is left is left at once, with its requests and its half answer.
 */
function beginAnew(connection: Connection, Closed: ClosedError): void {
  const { connect } = connection
  connection.connect = function (this: Connection): Promise<unknown> {
    if (this.isConnected()) return Promise.resolve(true)
    if (this.connecting === undefined) {
      leave(this, Closed)
      this.connecting = connect.call(this).finally(() => {
        this.connecting = undefined
      })
    }
    return this.connecting
  }
  connection.disconnect = function (this: Connection): Promise<unknown> {
    leave(this, Closed)
    return Promise.resolve(true)
  }
}

function leave(connection: Connection, Closed: ClosedError): void {
  const { socket, authHandlers, host, port } = connection
  connection.socket = undefined
  connection.connectionStatus = 'disconnected'
  connection.authenticatedAt = null
  connection.chunks = []
  connection.bytesBuffered = 0
  connection.bytesNeeded = 4
  connection.requestQueue.destroy()
  if (socket !== undefined) {
    for (const event of ['data', 'end', 'error', 'timeout']) socket.removeAllListeners(event)
    // What is still to happen to it is of no interest.
    socket.on('error', () => undefined)
    socket.destroy()
  }
  authHandlers?.onError()
  connection.rejectRequests(new Closed('Closed connection', { host, port }))
}
