import { assert } from '../base/assert.ts'
import { MillraceError, messageOf } from '../base/errors.ts'
import type { Prng } from '../base/prng.ts'
import { alreadyFailed, diskFull, fenced, storeFailed } from '../ports/store-refusals.ts'
import type { CommitWrite, OpenedGroup, Store } from '../ports/store.ts'
import { Space } from '../shard/row-key.ts'
import type { SimDisk, SimRow } from './sim-disk.ts'

/**
 * What may go wrong with one commit.
 * `refused`: it did not happen, and the store knows. `lost`: it did not happen, and the store does not know.
 * `applied`: it happened, and the store does not know. `full`: no room is left, and it did not happen.
 */
export type CommitFault = 'refused' | 'lost' | 'applied' | 'full'

export interface SimStoreOptions {
  readonly disk: SimDisk
  readonly durability: 'disk' | 'process'
  /** Runs `run` later, never from inside the call; the order of everything is the scheduler's choice. */
  schedule(what: string, run: () => void): void
  /** Asked about every commit at the moment it would be applied. */
  fault?(write: CommitWrite): CommitFault | undefined
}

/**
 * A process's store on a simulated disk. Every commit and every `open` takes two moments: it is applied, and later answered;
 * both in the order of the calls, however the scheduler mixes them with reads and with other processes. So a zombie's commit
 * may be applied before it is fenced and answered after.
 */
export class SimStore implements Store {
  readonly durability: 'disk' | 'process'
  readonly #disk: SimDisk
  readonly #options: SimStoreOptions
  /** To be applied, in the order of the calls. Each gives its answer. */
  readonly #calls: (() => () => void)[] = []
  /** To be answered, in the same order. */
  readonly #answers: (() => void)[] = []
  /** As this process knows them: the epoch it opened last, and the number of the last commit it called. */
  readonly #groups = new Map<number, { epoch: number; newest: number }>()
  #failed: MillraceError | undefined
  #dead = false

  constructor(options: SimStoreOptions) {
    this.durability = options.durability
    this.#disk = options.disk
    this.#options = options
    options.disk.attach(this)
  }

  open(group: number, done: (error: MillraceError | undefined, opened?: OpenedGroup) => void): void {
    this.#call('open', () => {
      if (this.#failed !== undefined) return failing(done, alreadyFailed(this.#failed))
      try {
        const opened = this.#disk.openGroup(group)
        this.#groups.set(group, { epoch: opened.epoch, newest: this.#disk.newest(group) })
        return () => done(undefined, opened)
      } catch (error) {
        return failing(done, asMillraceError(error))
      }
    })
  }

  commit(write: CommitWrite, done: (error: MillraceError | undefined) => void): void {
    const known = this.#groups.get(write.group)
    assert(known !== undefined, `commit group ${write.group} was opened before it commits`)
    assert(write.epoch <= known.epoch, `epoch ${write.epoch} of commit group ${write.group} was handed out`)
    if (write.epoch === known.epoch) {
      assert(
        write.number === known.newest + 1,
        `commit ${write.number} of group ${write.group} follows ${known.newest}`,
      )
      known.newest = write.number
    }
    const own = copyOf(write)
    this.#call('commit', () => this.#apply(own, done))
  }

  read(
    keys: readonly Uint8Array[],
    done: (error: MillraceError | undefined, values?: readonly (Uint8Array | undefined)[]) => void,
  ): void {
    const own = keys.map((key) => key.slice())
    this.#schedule('store: read', () => {
      const values = own.map((key) => this.#disk.value(key))
      this.#schedule('store: values', () => done(undefined, values))
    })
  }

  list(
    from: Uint8Array,
    to: Uint8Array,
    done: (error: MillraceError | undefined, keys?: readonly Uint8Array[]) => void,
  ): void {
    const [first, end] = [from.slice(), to.slice()]
    this.#schedule('store: list', () => {
      const keys = this.#disk.range(first, end).map(([key]) => key)
      this.#schedule('store: keys', () => done(undefined, keys))
    })
  }

  scan(from: Uint8Array, to: Uint8Array): AsyncIterable<SimRow> {
    return eachOf(this.#disk.range(from, to))
  }

  /** `kill -9`: no callback comes any more. Of the commits that were called, the first few are applied and the rest is not. */
  kill(prng: Prng): void {
    this.die(prng)
  }

  /** Called by the disk too, when it loses power. */
  die(prng: Prng): void {
    if (this.#dead) return
    this.#dead = true
    this.#disk.detach(this)
    const survivors = prng.below(this.#calls.length + 1)
    for (const apply of this.#calls.splice(0, survivors)) apply() // the answer is never given
    this.#calls.length = 0
    this.#answers.length = 0
  }

  /** Commits and opens that were not answered yet. */
  get pending(): number {
    return this.#calls.length + this.#answers.length
  }

  #call(what: string, apply: () => () => void): void {
    if (this.#dead) return
    this.#calls.push(apply)
    this.#schedule(`store: ${what}`, () => {
      const next = this.#calls.shift()!
      this.#answers.push(next())
      this.#schedule('store: answer', () => this.#answers.shift()!())
    })
  }

  #schedule(what: string, run: () => void): void {
    this.#options.schedule(what, () => {
      if (!this.#dead) run()
    })
  }

  /** The moment at which a commit happens, or does not. */
  #apply(write: CommitWrite, done: (error: MillraceError | undefined) => void): () => void {
    const current = this.#disk.epoch(write.group)
    if (this.#failed !== undefined) return failing(done, alreadyFailed(this.#failed))
    if (write.epoch < current) return failing(done, fenced(write.group, write.epoch, current))
    const fault = this.#options.fault?.(write)
    if (fault === undefined || fault === 'applied') this.#disk.apply(write, this.durability === 'disk')
    if (fault === undefined) return () => done(undefined)
    this.#failed = faultError(fault)
    return failing(done, this.#failed)
  }
}

function faultError(fault: CommitFault): MillraceError {
  if (fault === 'full') return diskFull('write a commit', { certain: false })
  return storeFailed(`a simulated write failed (${fault})`, { certain: fault === 'refused' })
}

function failing(done: (error: MillraceError) => void, error: MillraceError): () => void {
  return () => done(error)
}

function asMillraceError(error: unknown): MillraceError {
  return error instanceof MillraceError ? error : storeFailed(messageOf(error), { certain: false, cause: error })
}

/** S9: the caller may write to its bytes at once. */
function copyOf(write: CommitWrite): CommitWrite {
  return {
    ...write,
    record: write.record.slice(),
    rows: write.rows.map(([key, value]) => {
      assert(key[0] !== Space.store && key[0] !== Space.log, 'rows of a commit stay out of the spaces of the store')
      return [key.slice(), value?.slice()] as const
    }),
  }
}

async function* eachOf(rows: readonly SimRow[]): AsyncGenerator<SimRow> {
  yield* rows
}
