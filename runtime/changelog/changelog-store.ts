import { assert } from '../base/assert.ts'
import { MillraceError, messageOf } from '../base/errors.ts'
import type { Log } from '../ports/log.ts'
import type { CommitWrite, OpenedGroup, Store } from '../ports/store.ts'
import { alreadyFailed, fenced, storeFailed } from '../ports/store-refusals.ts'
import { Space } from '../shard/row-key.ts'
import { GroupLog, type Owner } from './group-log.ts'
import type { Digest } from './judge.ts'
import { type Division, LocalCopy } from './local-copy.ts'
import { type DecodedRecord, encodeCommit, parseRecord } from './log-record.ts'
import { Shortening } from './shortening.ts'
import { runTask, type Task, waitFor } from './task.ts'

export interface ChangelogStoreParts {
  /** A partition for each commit group. */
  readonly log: Log
  /** Where copies are kept. Several stores of a process may share it. */
  readonly copies: Store
  readonly owner: Owner
  readonly division: Division
  /** Of records behind the last shortening, what it has copied not counted. */
  readonly shortenBeyondBytes: number
}

interface OpenGroup {
  readonly log: GroupLog
  /** As whoever calls knows it. */
  epoch: number
  newest: number
  digest: Digest
  incarnation: string
  failed: MillraceError | undefined
  shortening: Shortening | undefined
}

/**
 * The store whose commits become durable in a log that several processes share. The rules S1 to S9 are those of runtime/ports/store.ts; what
 * is read is read from a copy that lies in another store. Calls are carried out one after the other: a process has one of these for
 * each worker.
 *
 * S4 holds between processes: whoever opens a group claims it in the log, and what the owner before it commits is void from then on.
 * After a failure a group has to be opened anew: what became of its last commit is found out there.
 */
export class ChangelogStore implements Store {
  /** What counts is with all replicas that are in sync. */
  readonly durability = 'disk'
  readonly #parts: ChangelogStoreParts
  readonly #groups = new Map<number, OpenGroup>()
  readonly #waiting: (() => void)[] = []
  #isBusy = false
  #opened = 0

  constructor(parts: ChangelogStoreParts) {
    this.#parts = parts
  }

  open(group: number, done: (error: MillraceError | undefined, opened?: OpenedGroup) => void): void {
    this.#call(() => this.#open(group), done)
  }

  commit(write: CommitWrite, done: (error: MillraceError | undefined) => void): void {
    const group = this.#groups.get(write.group)
    assert(group !== undefined, `commit group ${write.group} was opened before it commits`)
    assert(write.epoch <= group.epoch, `epoch ${write.epoch} of commit group ${write.group} was handed out`)
    for (const [key] of write.rows) assert(mayBeWritten(key), 'rows of a commit stay out of the spaces of the store')
    if (write.epoch < group.epoch) {
      const refused = fenced(write.group, write.epoch, group.epoch)
      return this.#call(() => this.#refuse(refused), done)
    }
    assert(write.number === group.newest + 1, `commit ${write.number} of group ${write.group} follows ${group.newest}`)
    const record = parseRecord(
      encodeCommit({ epoch: group.epoch, incarnation: group.incarnation }, group.digest, write),
    )
    group.newest = write.number
    group.digest = record.digest
    this.#call(() => this.#commit(write.group, group, write.epoch, record), done)
  }

  /** Whether a group that was opened here is still this store's. MR_FENCED: it was opened elsewhere since, and nothing of it counts any more. */
  verify(group: number, done: (error: MillraceError | undefined) => void): void {
    const open = this.#groups.get(group)
    assert(open !== undefined, `commit group ${group} was opened before it is verified`)
    this.#call(() => this.#verify(open), done)
  }

  read(
    keys: readonly Uint8Array[],
    done: (error: MillraceError | undefined, values?: readonly (Uint8Array | undefined)[]) => void,
  ): void {
    for (const key of keys) assert(key.length > 1, 'a catalog belongs to a group, and comes when that is opened')
    this.#parts.copies.read(keys, done)
  }

  list(
    from: Uint8Array,
    to: Uint8Array,
    done: (error: MillraceError | undefined, keys?: readonly Uint8Array[]) => void,
  ): void {
    this.#parts.copies.list(from, to, done)
  }

  scan(from: Uint8Array, to: Uint8Array): AsyncIterable<readonly [key: Uint8Array, value: Uint8Array]> {
    return this.#parts.copies.scan(from, to)
  }

  *#open(group: number): Task<OpenedGroup> {
    const { log, copies, owner, division } = this.#parts
    this.#opened += 1
    const incarnation = `${owner.incarnation}.${this.#opened}`
    const copy = new LocalCopy(copies, group, division)
    const opening = new GroupLog({ group, log, copy, owner: { ...owner, incarnation }, division })
    const opened = yield* opening.open()
    const { number: newest, digest } = opening.judged.standing
    const known = { log: opening, epoch: opened.epoch, newest, digest, incarnation }
    this.#groups.set(group, { ...known, failed: undefined, shortening: undefined })
    return opened
  }

  *#commit(number: number, group: OpenGroup, epoch: number, record: DecodedRecord): Task<void> {
    const current = this.#groups.get(number)!
    if (current !== group) return yield* this.#refuse(fenced(number, epoch, current.epoch))
    if (group.failed !== undefined) return yield* this.#refuse(alreadyFailed(group.failed))
    yield* this.#guarded(group, group.log.write(record))
    if (group.shortening !== undefined || !Shortening.isDue(group.log, this.#parts.shortenBeyondBytes)) return
    group.shortening = new Shortening(group.log)
    this.#shorten(number, group)
  }

  *#verify(group: OpenGroup): Task<void> {
    if (group.failed !== undefined) return yield* this.#refuse(alreadyFailed(group.failed))
    yield* this.#guarded(group, group.log.verify())
  }

  /** One step, and the next one behind what was called meanwhile. */
  #shorten(number: number, group: OpenGroup): void {
    const step = (): Task<boolean> => this.#shorteningStep(number, group)
    this.#call(step, (error, isMore) => {
      if (error === undefined && isMore === true) this.#shorten(number, group)
      else group.shortening = undefined
    })
  }

  *#shorteningStep(number: number, group: OpenGroup): Task<boolean> {
    if (this.#groups.get(number) !== group || group.failed !== undefined) return false
    return yield* this.#guarded(group, group.shortening!.step())
  }

  *#guarded<T>(group: OpenGroup, task: Task<T>): Task<T> {
    try {
      return yield* task
    } catch (error) {
      group.failed = asMillraceError(error)
      throw error
    }
  }

  /** Nobody is answered from inside a call (S2). */
  *#refuse(error: MillraceError): Task<never> {
    yield* waitFor((done) => this.#parts.copies.read([], done))
    throw error
  }

  /** One after the other, in the order of the calls. */
  #call<T>(task: () => Task<T>, done: (error: MillraceError | undefined, value?: T) => void): void {
    this.#waiting.push(() =>
      runTask(task(), (error, value) => {
        if (error === undefined) done(undefined, value)
        else done(asMillraceError(error))
        this.#isBusy = false
        this.#goOn()
      }),
    )
    this.#goOn()
  }

  #goOn(): void {
    if (this.#isBusy) return
    const next = this.#waiting.shift()
    if (next === undefined) return
    this.#isBusy = true
    next()
  }
}

function mayBeWritten(key: Uint8Array): boolean {
  return key[0] !== Space.store && key[0] !== Space.log && key[0] !== Space.copy
}

function asMillraceError(error: unknown): MillraceError {
  return error instanceof MillraceError ? error : storeFailed(messageOf(error), { certain: false, cause: error })
}
