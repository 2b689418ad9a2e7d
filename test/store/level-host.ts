/**
 * A process with stores on LevelDB, told what to do by its parent: so that a store can really be killed. It answers every call
 * with the call's number, in the order in which the store answers.
 */
import { MillraceError } from '../../runtime/base/errors.ts'
import { type LevelStoreOptions, openLevelStore } from '../../runtime/node/level/open-store.ts'
import type { LevelStore } from '../../runtime/node/level/store.ts'
import type { CommitWrite } from '../../runtime/ports/store.ts'

export type HostCall =
  | { readonly id: number; readonly store: string; readonly call: 'start'; readonly options: LevelStoreOptions }
  | { readonly id: number; readonly store: string; readonly call: 'close' }
  | { readonly id: number; readonly store: string; readonly call: 'open'; readonly group: number }
  | { readonly id: number; readonly store: string; readonly call: 'commit'; readonly write: CommitWrite }
  | { readonly id: number; readonly store: string; readonly call: 'read'; readonly keys: readonly Uint8Array[] }

export interface HostAnswer {
  readonly id: number
  readonly error?: { readonly code: string; readonly message: string; readonly certain: boolean } | undefined
  readonly value?: unknown
}

const stores = new Map<string, LevelStore>()

process.on('message', (call: HostCall) => {
  const answer = (error: unknown, value?: unknown): void => {
    const told =
      error instanceof MillraceError
        ? { code: error.code, message: error.message, certain: error.certain }
        : error === undefined
          ? undefined
          : { code: 'not ours', message: String(error), certain: false }
    process.send!({ id: call.id, error: told, value } satisfies HostAnswer)
  }
  if (call.call === 'start') {
    const keep = (store: LevelStore): void => {
      stores.set(call.store, store)
      answer(undefined)
    }
    openLevelStore(call.options).then(keep, answer)
    return
  }
  const store = stores.get(call.store)!
  if (call.call === 'close') store.close().then(() => answer(undefined), answer)
  else if (call.call === 'open') store.open(call.group, answer)
  else if (call.call === 'commit') store.commit(call.write, answer)
  else store.read(call.keys, answer)
})
process.send!('ready')
