/**
 * How the changelog of a commit group is shortened while it is written. Judged by the fold that production runs (runtime/changelog/judge.ts).
 *
 *   begin    carries where the fold stands, the claim included
 *   chunk    what the copy holds, read after the beginning counted; commits may go on meanwhile
 *   end      when it was read back, and counts, everything before the beginning is deleted
 *
 * Two workers claim and commit; one that was succeeded does not know it until it reads. Deletion is fenced by nothing, and may come late.
 *
 * I1 Whoever reads what is left finds what somebody who has read everything knows: the same commits, and the same claim in force.
 *
 * The goal is rest: nothing is on its way, nobody waits for anything.
 */
import {
  type Claim,
  isInForce,
  judge,
  judgeFrom,
  type Judged,
  type LogRecord,
  unjudged,
} from '../../runtime/changelog/judge.ts'
import { type Model, type StepCollector, sortByText, stepsFrom } from './explore.ts'

export type ShorteningViolation = 'no beginning' | 'other commits' | 'other claim'

/** What a wrong protocol does otherwise. */
export type ShorteningMutation =
  | 'deletes what is before the end'
  | 'deletes when the broker has the end'
  | 'the beginning does not carry the claim'
  | 'copies before the beginning counts'

export interface ShorteningBounds {
  readonly claims: number
  readonly commits: number
  readonly shortenings: number
  readonly repeats: number
}

type OnItsWay = { readonly record: LogRecord } | { readonly deleteBefore: number }

interface WorkerState {
  phase: 'idle' | 'claiming' | 'owner'
  epoch: number
  contents: number[]
  pending: LogRecord | null
  /** Of its shortening: what was sent last, and what was copied. */
  shortening: { sent: LogRecord; beganAt: number; copied: number[] | null } | null
}

export interface ShorteningState {
  log: LogRecord[]
  first: number
  way: OnItsWay[]
  workers: WorkerState[]
  left: { claims: number; commits: number; shortenings: number; repeats: number }
}

interface Read {
  readonly judged: Judged
  readonly counts: readonly boolean[]
  /** By number. */
  readonly contents: readonly number[]
}

export function shorteningModel(
  bounds: ShorteningBounds,
  mutation?: ShorteningMutation,
): Model<ShorteningState, ShorteningViolation> {
  return {
    initial: { log: [], first: 0, way: [], workers: [newWorker(), newWorker()], left: { ...bounds } },
    goal: ({ way, workers }) =>
      way.length === 0 && workers.every((w) => w.phase !== 'claiming' && w.pending === null && w.shortening === null),
    violation({ log, first }) {
      if (first === 0) return undefined
      const truth = readAll(log)
      const found = readFrom(log, first, mutation)
      if (found === undefined) return { kind: 'no beginning', detail: `nobody can begin to read at ${first}` }
      if (found.judged.standing.claim?.epoch !== truth.judged.standing.claim?.epoch)
        return { kind: 'other claim', detail: `epoch ${found.judged.standing.claim?.epoch} is read` }
      if (found.contents.join() === truth.contents.join()) return undefined
      return { kind: 'other commits', detail: `[${found.contents}] is read, and [${truth.contents}] was committed` }
    },
    steps(state) {
      const collect = stepsFrom(state, ({ way }) => sortByText(way))
      stepsOfTheWay(collect, state)
      state.workers.forEach((worker, index) => {
        if (worker.phase === 'idle') claimStep(collect, state, index)
        else if (worker.phase === 'claiming') readClaimStep(collect, state, index)
        else {
          commitSteps(collect, state, index)
          shorteningSteps(collect, state, index, mutation)
        }
      })
      return collect.steps
    },
  }
}

function newWorker(): WorkerState {
  return { phase: 'idle', epoch: 0, contents: [], pending: null, shortening: null }
}

function readAll(log: readonly LogRecord[]): Read {
  return goOn(log, 0, unjudged, [], [])
}

/** As somebody reads whose offset is gone. */
function readFrom(log: readonly LogRecord[], first: number, mutation?: ShorteningMutation): Read | undefined {
  const begin = log[first]!
  const began = judgeFrom(first, begin)
  if (began === undefined || began.verdict !== 'begun' || begin.entry.kind !== 'begin') return undefined
  const copied = copiedSince(log, first, began.judged)
  if (copied === undefined) return undefined
  const { claim } = began.judged.standing
  const forgotten = mutation === 'the beginning does not carry the claim' ? { ...claim!, epoch: 0 } : claim
  const standing = { ...began.judged.standing, claim: forgotten }
  return goOn(log, first + 1, { ...began.judged, standing }, [true], copied)
}

/** What the chunks of the shortening hold that begins at `first`, if its end counts. */
function copiedSince(log: readonly LogRecord[], first: number, began: Judged): number[] | undefined {
  let judged = began
  let copied: number[] = []
  for (let offset = first + 1; offset < log.length; offset++) {
    const isOpen = judged.open?.offset === first
    const { verdict, judged: after } = judge(judged, offset, log[offset]!)
    if (isOpen && verdict === 'chunk') copied = String(log[offset]!.digest.low).split('').map(Number).slice(1)
    if (isOpen && verdict === 'ended') return copied
    judged = after
  }
  return undefined
}

function goOn(
  log: readonly LogRecord[],
  from: number,
  start: Judged,
  known: boolean[],
  copied: readonly number[],
): Read {
  let judged = start
  const counts = [...known]
  const contents = [...copied]
  for (let offset = from; offset < log.length; offset++) {
    const { entry, digest } = log[offset]!
    const found = judge(judged, offset, log[offset]!)
    judged = found.judged
    counts.push(found.verdict !== 'void')
    if (found.verdict === 'committed' && entry.kind === 'commit') contents[entry.number - 1] = digest.low
  }
  return { judged, counts, contents }
}

function stepsOfTheWay({ step, fault }: StepCollector<ShorteningState>, { way, left }: ShorteningState): void {
  way.forEach((one, i) => {
    if (i > 0 && JSON.stringify(one) === JSON.stringify(way[i - 1])) return
    if ('deleteBefore' in one) {
      step(`the log deletes what is before ${one.deleteBefore}`, (to) => {
        to.way.splice(i, 1)
        to.first = Math.max(to.first, one.deleteBefore)
      })
      return
    }
    step(`the log takes ${textOf(one.record)}`, (to) => {
      to.way.splice(i, 1)
      to.log.push(one.record)
    })
    if (left.repeats > 0)
      fault(`${textOf(one.record)} will come twice`, (to) => {
        to.left.repeats -= 1
        to.way.push(one)
      })
  })
}

function claimOf(index: number, epoch: number): Claim {
  return { epoch, incarnation: `${index}.${epoch}`, address: '', version: 0, shardCount: 1, groupCount: 1 }
}

function claimStep({ step }: StepCollector<ShorteningState>, state: ShorteningState, index: number): void {
  if (state.left.claims === 0) return
  const epoch = (readAll(state.log).judged.standing.claim?.epoch ?? 0) + 1
  const claim = claimOf(index, epoch)
  step(`${index} claims epoch ${epoch}`, (to) => {
    to.left.claims -= 1
    to.workers[index]!.phase = 'claiming'
    to.workers[index]!.epoch = epoch
    to.way.push({ record: { entry: { kind: 'claim', claim }, digest: { high: epoch, low: index }, sizeBytes: 1 } })
  })
}

function readClaimStep({ step }: StepCollector<ShorteningState>, state: ShorteningState, index: number): void {
  const { epoch } = state.workers[index]!
  const { incarnation } = claimOf(index, epoch)
  const at = state.log.findIndex(({ entry }) => entry.kind === 'claim' && entry.claim.incarnation === incarnation)
  if (at < 0) return
  const { counts, contents } = readAll(state.log.slice(0, at + 1))
  step(`${index} reads its claim, which ${counts[at] === true ? 'counts' : 'is void'}`, (to) => {
    const worker = to.workers[index]!
    worker.phase = counts[at] === true ? 'owner' : 'idle'
    worker.contents = [...contents]
  })
}

function commitSteps({ step }: StepCollector<ShorteningState>, state: ShorteningState, index: number): void {
  const { contents, epoch, pending, shortening } = state.workers[index]!
  const by = claimOf(index, epoch)
  if (pending !== null) {
    readBack(state, pending, ({ counts, at }) => {
      step(`${index} reads back ${textOf(pending)}, which ${counts ? 'counts' : 'is void'}`, (to) => {
        const worker = to.workers[index]!
        worker.pending = null
        if (counts) worker.contents.push(pending.digest.low)
        else to.workers[index] = newWorker()
      })
      return at
    })
    return
  }
  // One record is on its way at a time.
  if (state.left.commits === 0 || (shortening !== null && !lies(state, shortening.sent))) return
  const content = 10 - state.left.commits
  const before = { high: 0, low: contents.at(-1) ?? 0 }
  const record: LogRecord = {
    entry: { kind: 'commit', by: nameOf(by), number: contents.length + 1, before, truncateBelow: 0 },
    digest: { high: 0, low: content },
    sizeBytes: 1,
  }
  step(`${index} sends ${textOf(record)}`, (to) => {
    to.left.commits -= 1
    to.workers[index]!.pending = record
    to.way.push({ record })
  })
}

function shorteningSteps(
  { step }: StepCollector<ShorteningState>,
  state: ShorteningState,
  index: number,
  mutation: ShorteningMutation | undefined,
): void {
  const { contents, epoch, pending, shortening } = state.workers[index]!
  const by = nameOf(claimOf(index, epoch))
  const isEarly = mutation === 'copies before the beginning counts'
  const send = (
    label: string,
    entry: LogRecord['entry'],
    low: number,
    copied: number[] | null,
    beganAt: number,
  ): void =>
    step(label, (to) => {
      const sent: LogRecord = { entry, digest: { high: -to.left.shortenings, low }, sizeBytes: 1 }
      to.workers[index]!.shortening = { sent, beganAt, copied }
      to.way.push({ record: sent })
    })
  if (shortening === null) {
    if (state.left.shortenings === 0 || (pending !== null && !isEarly) || contents.length === 0) return
    const { standing } = readOwn(state, by)
    if (standing === undefined) return
    step(`${index} begins to shorten`, (to) => {
      to.left.shortenings -= 1
      const sent: LogRecord = {
        entry: { kind: 'begin', standing },
        digest: { high: -to.left.shortenings, low: 1 },
        sizeBytes: 1,
      }
      to.workers[index]!.shortening = { sent, beganAt: -1, copied: isEarly ? [...contents] : null }
      to.way.push({ record: sent })
    })
    return
  }
  if (pending !== null) return
  const { sent, beganAt, copied } = shortening
  const number =
    sent.entry.kind === 'begin'
      ? sent.entry.standing.shortenings + 1
      : 'shortening' in sent.entry
        ? sent.entry.shortening
        : 0
  readBack(state, sent, ({ counts, at }) => {
    if (!counts && !(mutation === 'deletes when the broker has the end' && sent.entry.kind === 'end')) {
      step(`${index} reads that ${textOf(sent)} is void`, (to) => (to.workers[index] = newWorker()))
      return
    }
    if (sent.entry.kind === 'begin') {
      const rows = copied ?? contents
      const chunk = { kind: 'chunk', by, shortening: number, index: 0 } as const
      send(`${index} sends a chunk with [${rows}]`, chunk, Number(`1${rows.join('')}`), null, at)
    } else if (sent.entry.kind === 'chunk')
      send(`${index} sends the end`, { kind: 'end', by, shortening: number, chunks: 1 }, 3, null, beganAt)
    else
      step(`${index} asks for deletion`, (to) => {
        to.workers[index]!.shortening = null
        to.way.push({ deleteBefore: mutation === 'deletes what is before the end' ? at : beganAt })
      })
  })
}

/** Where its own fold stands: at the last record in which it is still the owner. */
function readOwn(
  state: ShorteningState,
  by: { epoch: number; incarnation: string },
): { standing?: Judged['standing'] } {
  let judged = unjudged
  let standing: Judged['standing'] | undefined
  state.log.forEach((record, offset) => {
    judged = judge(judged, offset, record).judged
    if (isInForce(judged.standing, by)) standing = judged.standing
  })
  return standing === undefined ? {} : { standing }
}

function readBack(
  { log }: ShorteningState,
  record: LogRecord,
  found: (verdict: { readonly counts: boolean; readonly at: number }) => void,
): void {
  if (!lies({ log }, record)) return
  const { counts } = readAll(log)
  const counted = log.findIndex((other, i) => counts[i] === true && isSame(other, record))
  found({ counts: counted >= 0, at: counted >= 0 ? counted : log.findIndex((other) => isSame(other, record)) })
}

function lies({ log }: Pick<ShorteningState, 'log'>, record: LogRecord): boolean {
  return log.some((other) => isSame(other, record))
}

function nameOf({ epoch, incarnation }: Claim): { epoch: number; incarnation: string } {
  return { epoch, incarnation }
}

function isSame(a: LogRecord, b: LogRecord): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

function textOf({ entry, digest }: LogRecord): string {
  if (entry.kind === 'claim') return `claim ${entry.claim.epoch}`
  if (entry.kind === 'commit') return `commit ${entry.number} (${digest.low}) of epoch ${entry.by.epoch}`
  return entry.kind
}
