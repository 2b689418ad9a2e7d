import { assert } from '../base/assert.ts'
import { MillraceError } from '../base/errors.ts'
import type { Log, LogRead } from '../ports/log.ts'
import type { OpenedGroup } from '../ports/store.ts'
import { fenced, findLostRecord, storeFailed } from '../ports/store-refusals.ts'
import {
  type Claim,
  type Digest,
  isInForce,
  isSameDigest,
  judge,
  type Judged,
  type Standing,
  unjudged,
} from './judge.ts'
import { decodeRecord, type DecodedRecord, encodeClaim, parseRecord, readCommit, type Rows } from './log-record.ts'
import type { Division, LocalCopy } from './local-copy.ts'
import { loadBeginning } from './load-beginning.ts'
import { dividedOtherwise, logDiverged, newerProgram } from './refusals.ts'
import { type Task, waitFor } from './task.ts'

/** More unknown outcomes in a row than this are no accident: brokers that were away have long been waited for by then. */
const maxAttempts = 10

export interface Owner {
  /** Nobody else ever has it. */
  readonly incarnation: string
  /** Where other processes find this one. */
  readonly address: string
  /** Of the program. */
  readonly version: number
}

export interface GroupLogParts {
  readonly group: number
  readonly log: Log
  readonly copy: LocalCopy
  readonly owner: Owner
  readonly division: Division
}

/**
 * One commit group in its partition of a log: the fold over it, and the copy that follows the fold.
 *
 * P1 The copy holds what counts, and nothing else: it is written after a record was folded, and before anybody is told.
 * P2 One record is on its way at a time. Where the log says that it lies right behind the last one that was folded, it is folded;
 *    otherwise everything up to it is read, and the fold decides.
 * P3 A record whose outcome is unknown is appended again with the same bytes, until the fold has seen it or it cannot count any more.
 * P4 A claim is in force when it was folded, and none after it. Whoever reads another one in force stops.
 */
export class GroupLog {
  readonly #parts: GroupLogParts
  #judged: Judged = unjudged
  #claim: Claim | undefined
  /** The record that is on its way, and whether the fold has seen that it counts. */
  #pending: { readonly digest: Digest; counts: boolean } | undefined

  constructor(parts: GroupLogParts) {
    this.#parts = parts
  }

  get judged(): Judged {
    return this.#judged
  }

  get copy(): LocalCopy {
    return this.#parts.copy
  }

  get claim(): Claim | undefined {
    return this.#claim
  }

  /** Brings the copy to the end of the log, claims the group, and hands it over. */
  *open(): Task<OpenedGroup> {
    const { group, copy } = this.#parts
    this.#claim = undefined
    yield* this.#start()
    yield* this.#catchUp()
    this.#claim = yield* this.#claimIt()
    yield* this.#forgetPast()
    const { resident, records } = yield* copy.open()
    const { lowest, number: newest } = this.#judged.standing
    const lost = findLostRecord(group, { lowest, newest }, records)
    if (lost !== undefined) throw lost
    return { epoch: this.#claim.epoch, resident, records }
  }

  /** Resolves when the record counts, and is in the copy. Throws MR_FENCED if it never will. */
  *write(record: DecodedRecord): Task<void> {
    const claim = this.#claim!
    if (yield* this.#append(record, ({ standing }) => isInForce(standing, claim))) return
    const { group } = this.#parts
    const { standing } = this.#judged
    if (!isInForce(standing, claim)) throw fenced(group, claim.epoch, standing.claim!.epoch)
    throw storeFailed(`a record of commit group ${group} does not follow commit ${standing.number}`, { certain: true })
  }

  /** Throws MR_FENCED if the claim is in force no more. */
  *verify(): Task<void> {
    const claim = this.#claim!
    yield* this.#catchUp()
    const { standing } = this.#judged
    if (!isInForce(standing, claim)) throw fenced(this.#parts.group, claim.epoch, standing.claim!.epoch)
  }

  /** Deletes what the last shortening has made superfluous. */
  *forgetPast(): Task<void> {
    const { log, group } = this.#parts
    yield* waitFor<void>((done) => log.deleteBefore(group, this.#judged.begun, done))
  }

  /** Whoever owned before may have had no time for it. */
  *#forgetPast(): Task<void> {
    const { low } = yield* this.#read(this.#judged.next)
    if (low < this.#judged.begun) yield* this.forgetPast()
  }

  /** Goes on from the copy, if it belongs to this log. */
  *#start(): Task<void> {
    const { group, copy } = this.#parts
    const position = yield* copy.position()
    if (position === 'spoiled') return yield* this.#reload()
    this.#judged = position ?? unjudged
    if (position === undefined || position.next === 0) return
    const { low, end, records } = yield* this.#read(position.next - 1)
    if (low >= position.next) return yield* this.#reload()
    if (end < position.next)
      throw logDiverged(group, `ends at ${end}, and records up to ${position.next} were accepted`)
    const { digest } = this.#decode(records[0]!, position.next - 1)
    if (!isSameDigest(digest, position.last))
      throw logDiverged(group, `has another record at ${position.next - 1} than the one that was accepted`)
  }

  *#catchUp(): Task<void> {
    for (;;) {
      const { next } = this.#judged
      const { low, end, records } = yield* this.#read(next)
      if (end < next) throw logDiverged(this.#parts.group, `ends at ${end}, and records up to ${next} were accepted`)
      if (low > next) yield* this.#reload()
      else if (records.length === 0) return
      else yield* this.#take(records.map((bytes, i) => this.#decode(bytes, next + i)))
    }
  }

  /** What the copy lacks is gone from the log: begins where the log begins. */
  *#reload(): Task<void> {
    const { group, copy } = this.#parts
    this.#judged = yield* loadBeginning({
      group,
      copy,
      read: (from) => this.#read(from),
      decode: (bytes, offset) => this.#decode(bytes, offset),
    })
  }

  *#claimIt(): Task<Claim> {
    const { group, owner, division } = this.#parts
    for (let attempt = 1; attempt <= maxAttempts; attempt++) {
      const { standing } = this.#judged
      const claim: Claim = { epoch: (standing.claim?.epoch ?? 0) + 1, ...owner, ...division }
      const { claim: former, version } = standing
      if (former !== undefined && isDividedOtherwise(former, claim)) throw dividedOtherwise(group, former, claim)
      if (version > owner.version) throw newerProgram(group, version, owner.version)
      const mayCount = ({ standing }: Judged): boolean => (standing.claim?.epoch ?? 0) < claim.epoch
      yield* this.#append(parseRecord(encodeClaim(claim)), mayCount)
      if (isInForce(this.#judged.standing, claim)) return claim
    }
    throw storeFailed(`others claim commit group ${group} at the same time, again and again`, { certain: true })
  }

  /** P2, P3. Whether the record counts. `mayCount`: whether it still can, at the end of the log. */
  *#append(record: DecodedRecord, mayCount: (judged: Judged) => boolean): Task<boolean> {
    const pending = (this.#pending = { digest: record.digest, counts: false })
    for (let attempt = 1; ; attempt++) {
      const outcome = yield* this.#tryAppend(record.bytes)
      if (outcome.offset === this.#judged.next) {
        yield* this.#takeOwn(record)
        return pending.counts
      }
      yield* this.#catchUp()
      this.#checkIsThere(outcome.offset)
      if (pending.counts || outcome.offset !== undefined || !mayCount(this.#judged)) return pending.counts
      if (attempt === maxAttempts) throw outcome.error!
    }
  }

  #checkIsThere(offset: number | undefined): void {
    if (offset === undefined || offset < this.#judged.next) return
    throw logDiverged(this.#parts.group, `ends at ${this.#judged.next}, and a record was accepted at ${offset}`)
  }

  *#tryAppend(bytes: Uint8Array): Task<{ readonly offset?: number; readonly error?: MillraceError }> {
    const { log, group } = this.#parts
    try {
      return { offset: yield* waitFor<number>((done) => log.append(group, bytes, done)) }
    } catch (error) {
      if (!(error instanceof MillraceError) || error.certain) throw error
      return { error }
    }
  }

  *#takeOwn(record: DecodedRecord): Task<void> {
    // What changes nothing in the copy is folded again by whoever opens it: that costs less than to write how far it is.
    if (record.entry.kind === 'commit') yield* this.#take([record])
    else this.#fold(record)
  }

  /** P1. */
  *#take(records: readonly DecodedRecord[]): Task<void> {
    const rows: Rows[number][] = []
    for (const record of records) for (const row of this.#fold(record)) rows.push(row)
    yield* this.#parts.copy.write(rows, this.#judged)
  }

  /** The rows that it changes in the copy. */
  #fold(record: DecodedRecord): Rows {
    const before: Standing = this.#judged.standing
    const { judged, verdict } = judge(this.#judged, this.#judged.next, record)
    this.#judged = judged
    const pending = this.#pending
    if (verdict !== 'void' && pending !== undefined && isSameDigest(pending.digest, record.digest))
      pending.counts = true
    if (verdict !== 'committed') return []
    const { number, lowest } = judged.standing
    return this.#parts.copy.rowsOf(readCommit(record), number, { before: before.lowest, after: lowest })
  }

  *#read(from: number): Task<LogRead> {
    const { log, group } = this.#parts
    return yield* waitFor<LogRead>((done) => log.read(group, from, done))
  }

  #decode(bytes: Uint8Array, offset: number): DecodedRecord {
    assert(offset >= 0, 'records have offsets')
    return decodeRecord(bytes, `record ${offset} of partition ${this.#parts.group} of the changelog`)
  }
}

function isDividedOtherwise(a: Division, b: Division): boolean {
  return a.shardCount !== b.shardCount || a.groupCount !== b.groupCount
}
