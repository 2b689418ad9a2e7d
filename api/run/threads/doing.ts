import { Session } from 'node:inspector'

/** Under this name a thread says what it is handling. */
const name = 'millrace.doing'
/** An endless loop answers between two of its rounds; a call into native code that hangs does not. */
const patienceMs = 1_000

/** To be called in a worker thread. */
export function tellDoing(doing: () => string): void {
  ;(globalThis as { [key: symbol]: unknown })[Symbol.for(name)] = doing
}

interface Attached {
  readonly params: { readonly sessionId: string; readonly workerInfo: { readonly workerId: string } }
}

interface Received {
  readonly params: { readonly message: string }
}

interface Evaluated {
  readonly result?: { readonly result?: { readonly value?: unknown } }
}

/**
 * Asks a worker thread that answers nobody what it is handling. V8 lets its debugger interrupt a loop that never ends, so that handlers
 * need not note anything while all is well. '' when there is no answer.
 */
export function doingOf(threadId: number): Promise<string> {
  return new Promise((resolve) => {
    const session = new Session()
    const end = (text: string): void => {
      clearTimeout(timer)
      session.disconnect()
      resolve(text)
    }
    const timer = setTimeout(() => end(''), patienceMs)
    const expression = `globalThis[Symbol.for(${JSON.stringify(name)})]?.()`
    const message = JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression, returnByValue: true } })
    session.connect()
    session.on('NodeWorker.attachedToWorker', ({ params: { sessionId, workerInfo } }: Attached) => {
      // Of this Node.js the id of a worker is its thread's.
      if (workerInfo.workerId !== String(threadId)) return
      session.post('NodeWorker.sendMessageToWorker', { sessionId, message })
    })
    session.on('NodeWorker.receivedMessageFromWorker', ({ params }: Received) => {
      const { result } = JSON.parse(params.message) as Evaluated
      end(String(result?.result?.value ?? ''))
    })
    session.post('NodeWorker.enable', { waitForDebuggerOnStart: false }, (error) => {
      if (error !== null) end('')
    })
  })
}
