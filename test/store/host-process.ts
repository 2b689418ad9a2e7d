import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { MillraceError } from '../../runtime/base/errors.ts'
import type { HostAnswer, HostCall } from './level-host.ts'

type Unnumbered<T> = T extends HostCall ? Omit<T, 'id' | 'store'> : never
type Done = (error: MillraceError | undefined, value?: unknown) => void

/** Our end of a process that runs level-host.ts. */
export class HostProcess {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, Done>()
  #calls = 0

  private constructor(child: ChildProcess) {
    this.#child = child
    child.on('message', ({ id, error, value }: HostAnswer) => {
      const done = this.#waiting.get(id)
      this.#waiting.delete(id)
      done?.(error === undefined ? undefined : thrown(error), value)
    })
  }

  /** `maxFileBytes`: writing beyond fails with EFBIG, which is as close to a full disk as anybody gets who is not root. */
  static async start(maxFileBytes?: number): Promise<HostProcess> {
    const file = fileURLToPath(new URL('./level-host.ts', import.meta.url))
    const limit = maxFileBytes === undefined ? 'unlimited' : String(maxFileBytes >> 10)
    const command = ['-c', `ulimit -f ${limit} && exec "$0" "$@"`, process.execPath, ...process.execArgv, file]
    const child = spawn('bash', command, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], serialization: 'advanced' })
    await once(child, 'message') // it is ready
    return new HostProcess(child)
  }

  get pid(): number {
    return this.#child.pid!
  }

  call(store: string, call: Unnumbered<HostCall>, done: Done): void {
    const id = ++this.#calls
    this.#waiting.set(id, done)
    // An answer that was still on its way may lead to a call to a process that has been killed: nobody answers that one.
    this.#child.send({ ...call, id, store }, (error) => {
      if (error === null || this.#child.killed) return
      this.#waiting.delete(id)
      done(new MillraceError('MR_STORE_FAILED', `The store's process is gone: ${error.message}`, { next: '' }))
    })
  }

  ask(store: string, call: Unnumbered<HostCall>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.call(store, call, (error, value) => (error === undefined ? resolve(value) : reject(error)))
    })
  }

  /** Resolves when the process is gone. What it had answered before is still delivered. */
  async kill(): Promise<void> {
    const gone = once(this.#child, 'close')
    this.#child.kill('SIGKILL')
    await gone
  }
}

function thrown({ code, message, certain }: NonNullable<HostAnswer['error']>): MillraceError {
  const error = new MillraceError('MR_STORE_FAILED', message, { next: '', certain })
  return Object.assign(error, { code, message })
}
