import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MillraceError } from '../../runtime/base/errors.ts'
import type { StoreToKill } from '../../runtime/ports/contracts/store-crash.ts'
import type { CommitWrite, OpenedGroup, Store } from '../../runtime/ports/store.ts'
import { HostProcess } from './host-process.ts'

/** A store in another process. What its callers do not need is not there. */
class RemoteStore implements Store {
  readonly durability: 'disk' | 'process'
  readonly #host: HostProcess
  readonly #name: string

  constructor(host: HostProcess, name: string, durability: 'disk' | 'process') {
    this.#host = host
    this.#name = name
    this.durability = durability
  }

  open(group: number, done: (error: MillraceError | undefined, opened?: OpenedGroup) => void): void {
    this.#host.call(this.#name, { call: 'open', group }, (error, value) => done(error, value as OpenedGroup))
  }

  commit(write: CommitWrite, done: (error: MillraceError | undefined) => void): void {
    this.#host.call(this.#name, { call: 'commit', write }, done)
  }

  read(
    keys: readonly Uint8Array[],
    done: (error: MillraceError | undefined, values?: readonly (Uint8Array | undefined)[]) => void,
  ): void {
    this.#host.call(this.#name, { call: 'read', keys }, (error, value) => done(error, value as Uint8Array[]))
  }

  list(): never {
    throw new TypeError('a remote store lists nothing')
  }

  scan(): never {
    throw new TypeError('a remote store scans nothing')
  }
}

let running: HostProcess | undefined

/** A store on LevelDB in a process that can be killed. One process serves many tests, until it dies. */
export async function remoteFixture(durability: 'disk' | 'process'): Promise<StoreToKill> {
  const path = await mkdtemp(join(tmpdir(), 'millrace-store-'))
  let open = false
  const close = async (): Promise<void> => {
    if (open) await running!.ask(path, { call: 'close' })
    open = false
  }
  return {
    close,
    open: async () => {
      running ??= await HostProcess.start()
      await running.ask(path, { call: 'start', options: { path, durability } })
      open = true
      return new RemoteStore(running, path, durability)
    },
    kill: async () => {
      await running?.kill()
      running = undefined
      open = false
    },
    dispose: async () => {
      await close()
      await rm(path, { recursive: true, force: true })
    },
  }
}

/** Ends the process that tests have shared. */
export async function stopRemote(): Promise<void> {
  await running?.kill()
  running = undefined
}
