import { assert } from '../base/assert.ts'

/**
 * The only judge of what counts in a partition of a changelog: the same fold for its owner, for whoever claims it, for standbys and for checks.
 *
 * J1 A claim counts if its epoch is higher than that of every claim before it. (Of two equal ones the first does.)
 * J2 A commit counts if it names the claim in force, its number is the last + 1, and it carries the digest of the commit before.
 * J3 The beginning of a shortening counts if it repeats where the fold stands; a chunk if it is the next one of the shortening that
 *    is open, under the same claim; its end if all of its chunks counted. A claim closes what is open.
 * J4 Every other record is void for ever: it came late, or twice, or from somebody who owns no more.
 * J5 A fold may begin at a beginning whose end counts: it judges everything behind it as a fold from the first record does.
 */
export interface Judged {
  /** The offset after the last record that was folded. Offsets have no gaps. */
  readonly next: number
  /** Digest of the record before `next`: whether a copy belongs to a log is seen by it. */
  readonly last: Digest
  readonly standing: Standing
  readonly open: OpenShortening | undefined
  /** Where the last shortening that has ended begins; 0: none has. What lies before it is not needed. */
  readonly begun: number
  /** Records since there, and among them those that are chunks of it. */
  readonly tailBytes: number
  readonly chunkBytes: number
}

/** 64 bits, as of Chain. */
export interface Digest {
  readonly high: number
  readonly low: number
}

/** What later records are compared with. */
export interface Standing {
  readonly claim: Claim | undefined
  /** The highest version of the program that has committed. */
  readonly version: number
  /** The last commit that counts; 0: none does yet. */
  readonly number: number
  readonly digest: Digest
  /** The first commit whose record is still needed. */
  readonly lowest: number
  /** Shortenings that were begun. */
  readonly shortenings: number
}

export interface ClaimName {
  readonly epoch: number
  /** Tells those apart that claim the same epoch. Nobody else ever has it. */
  readonly incarnation: string
}

export interface Claim extends ClaimName {
  /** Where the other owners find this one. */
  readonly address: string
  /** Of the program. */
  readonly version: number
  readonly shardCount: number
  readonly groupCount: number
}

interface OpenShortening {
  readonly offset: number
  readonly chunks: number
  readonly chunkBytes: number
  /** `tailBytes` before it. */
  readonly behindBytes: number
}

/** A record without its content. */
export type Entry =
  | { readonly kind: 'claim'; readonly claim: Claim }
  | {
      readonly kind: 'commit'
      readonly by: ClaimName
      readonly number: number
      readonly before: Digest
      readonly truncateBelow: number
    }
  | { readonly kind: 'begin'; readonly standing: Standing }
  | { readonly kind: 'chunk'; readonly by: ClaimName; readonly shortening: number; readonly index: number }
  | { readonly kind: 'end'; readonly by: ClaimName; readonly shortening: number; readonly chunks: number }

export interface LogRecord {
  readonly entry: Entry
  /** Over the whole record. */
  readonly digest: Digest
  readonly sizeBytes: number
}

export type Verdict = 'claimed' | 'committed' | 'begun' | 'chunk' | 'ended' | 'void'

export interface Judgement {
  readonly verdict: Verdict
  readonly judged: Judged
}

const noDigest: Digest = { high: 0, low: 0 }

/** Before the first record. */
export const unjudged: Judged = {
  next: 0,
  last: noDigest,
  standing: { claim: undefined, version: 0, number: 0, digest: noDigest, lowest: 1, shortenings: 0 },
  open: undefined,
  begun: 0,
  tailBytes: 0,
  chunkBytes: 0,
}

/** J5. `offset` is that of a beginning, and the first that is left. Undefined: the record there is none. */
export function judgeFrom(offset: number, record: LogRecord): Judgement | undefined {
  if (record.entry.kind !== 'begin') return undefined
  return judge({ ...unjudged, next: offset, standing: record.entry.standing }, offset, record)
}

/** Folds the next record. */
export function judge(before: Judged, offset: number, record: LogRecord): Judgement {
  assert(offset === before.next, `record ${before.next} is folded next, not ${offset}`)
  const { entry, digest, sizeBytes } = record
  const judged = { ...before, next: offset + 1, last: digest, tailBytes: before.tailBytes + sizeBytes }
  if (entry.kind === 'claim') return claimed(judged, entry.claim)
  if (entry.kind === 'commit') return committed(judged, entry, digest)
  if (entry.kind === 'begin') return begun(judged, offset, entry.standing, before.tailBytes)
  if (entry.kind === 'chunk') return chunk(judged, entry, sizeBytes)
  return ended(judged, entry)
}

/** Whether the claim in force is this one. */
export function isInForce({ claim }: Standing, by: ClaimName): boolean {
  return claim !== undefined && claim.epoch === by.epoch && claim.incarnation === by.incarnation
}

export function isSameDigest(a: Digest, b: Digest): boolean {
  return a.high === b.high && a.low === b.low
}

type EntryOf<Kind extends Entry['kind']> = Extract<Entry, { kind: Kind }>

function claimed(judged: Judged, claim: Claim): Judgement {
  const { standing } = judged
  if (claim.epoch <= (standing.claim?.epoch ?? 0)) return isVoid(judged)
  return { verdict: 'claimed', judged: { ...judged, standing: { ...standing, claim }, open: undefined } }
}

function committed(judged: Judged, entry: EntryOf<'commit'>, digest: Digest): Judgement {
  const { standing } = judged
  const { by, number, before, truncateBelow } = entry
  const follows = number === standing.number + 1 && isSameDigest(before, standing.digest)
  if (!isInForce(standing, by) || !follows) return isVoid(judged)
  const lowest = Math.max(standing.lowest, Math.min(truncateBelow, number))
  const version = Math.max(standing.version, standing.claim!.version)
  return { verdict: 'committed', judged: { ...judged, standing: { ...standing, number, digest, lowest, version } } }
}

function begun(judged: Judged, offset: number, carried: Standing, behindBytes: number): Judgement {
  const { standing } = judged
  if (!isSameStanding(standing, carried)) return isVoid(judged)
  const open = { offset, chunks: 0, chunkBytes: 0, behindBytes }
  const shortenings = standing.shortenings + 1
  return { verdict: 'begun', judged: { ...judged, standing: { ...standing, shortenings }, open } }
}

function chunk(judged: Judged, { by, shortening, index }: EntryOf<'chunk'>, sizeBytes: number): Judgement {
  const { standing, open } = judged
  if (open === undefined || !isInForce(standing, by)) return isVoid(judged)
  if (shortening !== standing.shortenings || index !== open.chunks) return isVoid(judged)
  const grown = { ...open, chunks: open.chunks + 1, chunkBytes: open.chunkBytes + sizeBytes }
  return { verdict: 'chunk', judged: { ...judged, open: grown } }
}

function ended(judged: Judged, { by, shortening, chunks }: EntryOf<'end'>): Judgement {
  const { standing, open, tailBytes } = judged
  if (open === undefined || !isInForce(standing, by)) return isVoid(judged)
  if (shortening !== standing.shortenings || chunks !== open.chunks) return isVoid(judged)
  const { offset, chunkBytes, behindBytes } = open
  const left = { open: undefined, begun: offset, tailBytes: tailBytes - behindBytes, chunkBytes }
  return { verdict: 'ended', judged: { ...judged, ...left } }
}

function isVoid(judged: Judged): Judgement {
  return { verdict: 'void', judged }
}

function isSameStanding(a: Standing, b: Standing): boolean {
  if (a.claim === undefined || b.claim === undefined || !isSameClaim(a.claim, b.claim)) return false
  if (a.number !== b.number || !isSameDigest(a.digest, b.digest)) return false
  return a.version === b.version && a.lowest === b.lowest && a.shortenings === b.shortenings
}

function isSameClaim(a: Claim, b: Claim): boolean {
  if (a.epoch !== b.epoch || a.incarnation !== b.incarnation || a.address !== b.address) return false
  return a.version === b.version && a.shardCount === b.shardCount && a.groupCount === b.groupCount
}
