import { assert } from '../../base/assert.ts'
import type { MillraceError } from '../../base/errors.ts'
import type { CommitWrite, OpenedGroup, Store } from '../../ports/store.ts'
import { alreadyFailed, fenced, findLostRecord } from '../../ports/store-refusals.ts'
import { logKey, Space } from '../../shard/row-key.ts'
import type { BatchCounter } from './batch-counter.ts'
import { openRow, openSeeded, plain, seedOf } from './checksum.ts'
import { type Database, getMany, readAll, readKeys, readRange, type RowReader } from './database.ts'
import { lostLock, stopped, storeFailure } from './failures.ts'
import type { HighWaterFile } from './high-water.ts'
import type { FolderLock, LockHolder } from './lock.ts'
import {
  batchRowKey,
  dataFormat,
  formatKey,
  type GroupRow,
  logRange,
  readLogNumber,
  readOwnRows,
  writeFormat,
} from './own-rows.ts'
import { WriteBatch } from './write-batch.ts'

/** Commits of several groups that wait are written together, up to this size: what one `fsync` is spread over. */
const batchBytes = 8 << 20
/** So few rows are read at once, on this thread: five times cheaper than by way of the pool (docs/decisions/0003-level.md). */
const fewKeys = 8

export interface LevelStoreParts {
  readonly path: string
  readonly shardCount: number
  readonly durability: 'disk' | 'process'
  readonly lockCheckMs: number
  readonly database: Database
  readonly lock: Pick<FolderLock, 'holder' | 'held'>
  /** The stream of batches that is written here (see BatchRow). */
  readonly stream: number
  /** Into how many commit groups the shards are divided. */
  readonly groupCount: number
  readonly highWater: HighWaterFile
  readonly groups: Map<number, GroupRow>
  readonly counter: BatchCounter
  /** Called once, when nothing here uses the folder any more. */
  readonly closed: () => Promise<void>
}

/** What another thread of this process must know to open the same store: see attachLevelStore. */
export interface SharedStore {
  readonly path: string
  readonly shardCount: number
  readonly groupCount: number
  readonly durability: 'disk' | 'process'
  readonly lockCheckMs: number
  readonly lock: LockHolder
}

/**
 * The store on LevelDB. The rules S1 to S9 are those of runtime/ports/store.ts.
 *
 * Calls are turned into batches in the order in which they come; one batch is written at a time, and while it is, later calls
 * gather in the next one (group commit). A batch is one atomic write of LevelDB (S1), and whoever waits for it is told in the
 * order of the calls (S2, S3). What is known of a group (its epoch, its numbers) changes when it is called, not when it is
 * written: so an older epoch is refused from the moment `open` is called (S4), and FIFO does the rest.
 *
 * After a write that failed nothing is known about LevelDB's files, so nothing more is written: the way on is to open anew.
 */
export class LevelStore implements Store {
  readonly path: string
  readonly shardCount: number
  readonly durability: 'disk' | 'process'
  readonly #parts: LevelStoreParts
  #groupCount: number
  readonly #database: Database
  readonly #groups: Map<number, GroupRow>
  readonly #opened = new Set<number>()
  readonly #counter: BatchCounter
  #filling: WriteBatch
  readonly #full: WriteBatch[] = []
  #pumping: Promise<void> | undefined
  #writing = false
  #failed: MillraceError | undefined
  #lockCheckedMs = performance.now()
  readonly #reading = new Set<Promise<void>>()
  #closing: Promise<void> | undefined

  constructor(parts: LevelStoreParts) {
    this.#parts = parts
    this.path = parts.path
    this.shardCount = parts.shardCount
    this.durability = parts.durability
    this.#groupCount = parts.groupCount
    this.#database = parts.database
    this.#groups = parts.groups
    this.#counter = parts.counter
    this.#filling = new WriteBatch(parts.database)
  }

  get groupCount(): number {
    return this.#groupCount
  }

  /** For a thread of this process that works on the same store. This one must be closed after all of those. */
  get shared(): SharedStore {
    const { path, shardCount, groupCount, durability } = this
    const { lockCheckMs, lock } = this.#parts
    return { path, shardCount, groupCount, durability, lockCheckMs, lock: lock.holder }
  }

  /**
   * Divides the shards into another number of groups, in one durable step. All groups are at rest, and nobody else has the
   * store open: their commit records go, and `rows` say how those that are to be begin. `done` as for `commit`.
   */
  regroup(groupCount: number, rows: CommitWrite['rows'], done: (error: MillraceError | undefined) => void): void {
    const refused = this.#refusal()
    if (refused !== undefined) return this.#answer(() => done(refused))
    const batch = this.#filling
    for (const [group, row] of this.#groups) {
      for (; row.lowest <= row.newest; row.lowest++) batch.remove(logKey(group, row.lowest))
      batch.touch(group, row)
    }
    addRows(batch, rows)
    batch.put(formatKey, writeFormat({ version: dataFormat, shardCount: this.shardCount, groups: groupCount }))
    batch.forced = true
    batch.waiting.push((error) => {
      if (error === undefined) this.#groupCount = groupCount
      done(error)
    })
    this.#pump()
  }

  /** Learns how far groups were brought by other threads. None of them has the store open any more. Throws MR_STORE_CORRUPT. */
  async catchUp(): Promise<void> {
    while (this.#pumping !== undefined) await this.#pumping
    const own = await readAll(
      readRange(this.#database, new Uint8Array([Space.store]), new Uint8Array([Space.store + 1])),
    )
    for (const [group, row] of readOwnRows(own).groups) this.#groups.set(group, row)
  }

  /** The groups that were ever opened here or before. */
  get knownGroups(): readonly number[] {
    return [...this.#groups.keys()]
  }

  open(group: number, done: (error: MillraceError | undefined, opened?: OpenedGroup) => void): void {
    const refused = this.#refusal()
    if (refused !== undefined) return this.#answer(() => done(refused))
    const row = this.#groups.get(group) ?? { epoch: 0, lowest: 1, newest: 0 }
    this.#groups.set(group, row)
    this.#opened.add(group)
    row.epoch += 1
    const asCalled = { ...row }
    const batch = this.#filling
    batch.touch(group, row)
    batch.forced = true
    batch.waiting.push((error) => {
      if (error !== undefined) done(error)
      // The batch is written and the next is not yet: readers that are made now see exactly what `asCalled` says.
      else this.#track(this.#handOver(group, asCalled, done))
    })
    this.#pump()
  }

  commit(write: CommitWrite, done: (error: MillraceError | undefined) => void): void {
    const { group, epoch, number } = write
    const row = this.#groups.get(group)
    assert(row !== undefined && this.#opened.has(group), `commit group ${group} was opened before it commits`)
    assert(epoch <= row.epoch, `epoch ${epoch} of commit group ${group} was handed out`)
    const refused = this.#refusal() ?? (epoch < row.epoch ? fenced(group, epoch, row.epoch) : undefined)
    if (refused !== undefined) return this.#answer(() => done(refused))
    assert(number === row.newest + 1, `commit ${number} of group ${group} follows ${row.newest}`)
    const batch = this.#filling
    try {
      this.#add(batch, write, row)
    } catch (error) {
      // Half a commit is in the batch now, perhaps next to whole ones of others: none of it may be written.
      this.#failed = storeFailure(error, `take commit ${number} of group ${group}`, true)
      throw error
    }
    batch.waiting.push(done)
    if (batch.bytes >= batchBytes) this.#closeFilling()
    this.#pump()
  }

  read(
    keys: readonly Uint8Array[],
    done: (error: MillraceError | undefined, values?: readonly (Uint8Array | undefined)[]) => void,
  ): void {
    if (this.#closing !== undefined) return queueMicrotask(() => done(stopped()))
    const fail = (error: unknown): void => done(storeFailure(error, 'read', true))
    // S6: one read is of one moment anyway, and between several nobody writes because nothing is being written.
    if (keys.length === 1 || (keys.length <= fewKeys && !this.#writing)) {
      try {
        const values = keys.map((key) => {
          const value = this.#database.getSync(key)
          return value === undefined ? undefined : openRow(key, value)
        })
        queueMicrotask(() => done(undefined, values))
      } catch (error) {
        queueMicrotask(() => fail(error))
      }
      return
    }
    const seeds = keys.map(seedOf) // S9: the keys are the caller's again when the values come
    const found = getMany(this.#database, keys).then((values) =>
      values.map((value, i) => (value === undefined ? undefined : openSeeded(seeds[i]!, keys[i]!, value))),
    )
    this.#track(found.then((values) => done(undefined, values), fail))
  }

  list(
    from: Uint8Array,
    to: Uint8Array,
    done: (error: MillraceError | undefined, keys?: readonly Uint8Array[]) => void,
  ): void {
    if (this.#closing !== undefined) return queueMicrotask(() => done(stopped()))
    const keys = readKeys(this.#database, from, to)
    this.#track(
      keys.then(
        (found) =>
          done(
            undefined,
            found.map((key) => plain(key)),
          ),
        (error: unknown) => done(storeFailure(error, 'list', true)),
      ),
    )
  }

  scan(from: Uint8Array, to: Uint8Array): AsyncIterable<readonly [key: Uint8Array, value: Uint8Array]> {
    // S7: the snapshot is of now, not of the first `next`.
    return this.#scanned(this.#closing === undefined ? readRange(this.#database, from, to) : undefined)
  }

  /** Finishes what was called, then gives the folder back. */
  close(): Promise<void> {
    this.#closing ??= this.#shutDown()
    return this.#closing
  }

  #refusal(): MillraceError | undefined {
    if (this.#closing !== undefined) return stopped()
    return this.#failed === undefined ? undefined : alreadyFailed(this.#failed)
  }

  /** Answers in turn, without anything to write. */
  #answer(settle: () => void): void {
    this.#filling.waiting.push(settle)
    this.#pump()
  }

  #add(batch: WriteBatch, write: CommitWrite, row: GroupRow): void {
    batch.putUnsealed(logKey(write.group, write.number), write.record)
    addRows(batch, write.rows)
    // The newest record always stays: it is what the next number is counted from.
    const keep = Math.min(write.truncateBelow, write.number)
    for (; row.lowest < keep; row.lowest++) batch.remove(logKey(write.group, row.lowest))
    row.newest = write.number
    batch.touch(write.group, row)
    batch.committed(write.group, write.number)
  }

  #closeFilling(): WriteBatch {
    const batch = this.#filling
    this.#filling = new WriteBatch(this.#database)
    if (!batch.empty) {
      const { number, removed } = this.#counter.next()
      for (const old of removed) batch.remove(batchRowKey(this.#parts.stream, old))
      batch.close(this.#parts.stream, number, this.#counter.oldest)
    }
    this.#full.push(batch)
    return batch
  }

  /** Not at once: calls of the same moment share a batch, and nobody is answered from inside a call. */
  #pump(): void {
    this.#pumping ??= Promise.resolve().then(async () => {
      while (this.#full.length > 0 || this.#filling.waiting.length > 0) {
        if (this.#full.length === 0) this.#closeFilling()
        const batch = this.#full.shift()!
        const error = batch.empty ? undefined : await this.#write(batch)
        for (const settle of batch.waiting) settle(error)
      }
      this.#pumping = undefined
    })
  }

  async #write(batch: WriteBatch): Promise<MillraceError | undefined> {
    if (this.#failed !== undefined) return alreadyFailed(this.#failed)
    this.#failed = this.#lostLock()
    if (this.#failed !== undefined) return this.#failed
    this.#writing = true
    try {
      await batch.write(batch.forced || this.durability === 'disk')
      this.#readBack(batch.number)
      this.#counter.written(batch.number, batch.bytes)
      this.#parts.highWater.write(batch.number)
    } catch (error) {
      this.#failed = storeFailure(error, 'write a commit', false)
    } finally {
      this.#writing = false
    }
    return this.#failed
  }

  /**
   * In a thread that is going down (something was thrown where nobody catches) JavaScript may run on for a while, but native calls
   * silently do nothing: a write "succeeds" that never happened. What is there can be read.
   */
  #readBack(number: number): void {
    if (this.#database.getSync(batchRowKey(this.#parts.stream, number)) === undefined)
      throw new Error(`batch ${number} was written without an error, but is not there`)
  }

  #lostLock(): MillraceError | undefined {
    const nowMs = performance.now()
    if (nowMs - this.#lockCheckedMs < this.#parts.lockCheckMs) return undefined
    this.#lockCheckedMs = nowMs
    return this.#parts.lock.held() ? undefined : lostLock(this.path)
  }

  async #handOver(
    group: number,
    row: GroupRow,
    done: (error: MillraceError | undefined, opened?: OpenedGroup) => void,
  ): Promise<void> {
    const residentRows = readRange(this.#database, new Uint8Array([Space.group]), new Uint8Array([Space.entity]))
    const logRows = readRange(this.#database, ...logRange(group))
    let answer: OpenedGroup
    try {
      const resident = (await readAll(residentRows)).map(([key, value]) => [plain(key), openRow(key, value)] as const)
      const records = (await readAll(logRows)).map(([key, value]) => ({
        number: readLogNumber(key),
        record: plain(value),
      }))
      const lost = findLostRecord(group, row, records)
      if (lost !== undefined) throw lost
      answer = { epoch: row.epoch, resident, records }
    } catch (error) {
      return done(storeFailure(error, `open commit group ${group}`, true))
    }
    done(undefined, answer)
  }

  async *#scanned(reader: RowReader | undefined): AsyncGenerator<readonly [Uint8Array, Uint8Array]> {
    if (reader === undefined) throw stopped()
    try {
      for (let rows = await reader.next(); rows.length > 0; rows = await reader.next())
        for (const [key, value] of rows) yield [plain(key), openRow(key, value)]
    } catch (error) {
      throw this.#closing === undefined ? storeFailure(error, 'scan', true) : stopped()
    } finally {
      await reader.close()
    }
  }

  /** Work that LevelDB must not be closed under. */
  #track(work: Promise<void>): void {
    this.#reading.add(work)
    void work.finally(() => this.#reading.delete(work))
  }

  async #shutDown(): Promise<void> {
    while (this.#pumping !== undefined) await this.#pumping
    await Promise.allSettled(this.#reading)
    await this.#database.close()
    this.#parts.highWater.close()
    await this.#parts.closed()
  }
}

function addRows(batch: WriteBatch, rows: CommitWrite['rows']): void {
  for (const [key, value] of rows) {
    assert(key[0] !== Space.store && key[0] !== Space.log, 'rows of a commit stay out of the spaces of the store')
    if (value === undefined) batch.remove(key)
    else batch.put(key, value)
  }
}
