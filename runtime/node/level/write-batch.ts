import type { MillraceError } from '../../base/errors.ts'
import { seal } from './checksum.ts'
import type { Database } from './database.ts'
import {
  batchRowKey,
  type GroupRow,
  groupRowKey,
  writeBatch as encodeBatch,
  writeGroup as encodeGroup,
} from './own-rows.ts'

/**
 * What is written to LevelDB at once: whole commits of any groups, in the order of the calls. Bytes are copied when they are
 * added, so that nobody has to keep them.
 */
export class WriteBatch {
  readonly #database: Database
  #operations: ReturnType<Database['batch']> | undefined
  readonly #groups = new Map<number, GroupRow>()
  readonly #commits: { group: number; number: number }[] = []
  /** Whoever waits for this batch, in the order of the calls. */
  readonly waiting: ((error: MillraceError | undefined) => void)[] = []
  /** Set: this batch goes to the disk before it counts, whatever the durability of commits. */
  forced = false
  bytes = 0
  /** Known when the batch is closed. */
  number = 0

  constructor(database: Database) {
    this.#database = database
  }

  get empty(): boolean {
    return this.#operations === undefined && this.#groups.size === 0
  }

  put(key: Uint8Array, value: Uint8Array): void {
    this.putUnsealed(key, seal(key, value))
  }

  /** Without a checksum: for commit records only. */
  putUnsealed(key: Uint8Array, value: Uint8Array): void {
    this.#open().put(key, value)
    this.bytes += key.length + value.length
  }

  remove(key: Uint8Array): void {
    this.#open().del(key)
    this.bytes += key.length
  }

  /** This batch holds a commit. */
  committed(group: number, number: number): void {
    this.#commits.push({ group, number })
  }

  /** What the store knows of the group is written when the batch is closed, however often it changes until then. */
  touch(group: number, row: GroupRow): void {
    this.#groups.set(group, row)
  }

  /** Adds the rows that the store keeps for itself. Nothing is added afterwards. */
  close(stream: number, number: number, oldest: number): void {
    this.number = number
    for (const [group, row] of this.#groups) this.put(groupRowKey(group), encodeGroup(row))
    this.put(batchRowKey(stream, number), encodeBatch({ number, oldest, commits: this.#commits }))
  }

  async write(sync: boolean): Promise<void> {
    await this.#open().write({ sync })
  }

  #open(): ReturnType<Database['batch']> {
    this.#operations ??= this.#database.batch()
    return this.#operations
  }
}
