/**
 * Who owns a commit group, decided by a changelog (rule 5). The log is one list of records. Workers send records to it, which arrive
 * late, twice or not at all; everybody judges what lies in it by the fold that production runs (runtime/changelog/judge.ts).
 *
 *   idle       reads the log to its end, and claims the next epoch
 *   claiming   reads until its claim lies there: it owns if that claim counts and no later one does
 *   owner      sends one commit at a time. It is told at which offset it lies: if that is the one after the last record it has folded,
 *              the commit counts without being read back; otherwise the log is read, and the fold decides
 *
 * Faults: a record on its way is lost or comes twice; a worker is killed, and is somebody else when it comes back.
 *
 * I1 Of each commit number at most one content is released, and every later reader finds it.
 * I2 What counts was computed on what counted before it.
 * I3 Once a claim counts, no commit of anybody else does.
 * I4 The state of whoever owns is what the log says it was at that commit.
 *
 * The goal is rest: nothing is on its way, nobody waits for anything.
 */
import { isSameDigest, judge, type Judged, type LogRecord, unjudged } from '../../runtime/changelog/judge.ts'
import { type Model, type StepCollector, sortByText, stepsFrom } from './explore.ts'

export type ClaimViolation = 'released twice' | 'released and void' | 'forked' | 'not fenced' | 'wrong state'

/** What a wrong protocol does otherwise. */
export type ClaimMutation =
  | 'an equal epoch counts'
  | 'former owners count'
  | 'released when the broker has it'
  | 'new content under the number of a commit that was given up'
  | 'copy written before the commit counts'

export interface ClaimBounds {
  readonly claims: number
  readonly commits: number
  readonly kills: number
  readonly losses: number
  readonly repeats: number
}

interface WorkerState {
  phase: 'idle' | 'claiming' | 'owner'
  lives: number
  epoch: number
  /** As of its own fold. */
  next: number
  contents: number[]
  pending: LogRecord | null
  /** What its disk holds. */
  copy: number[] | null
}

export interface ClaimState {
  log: LogRecord[]
  way: LogRecord[]
  workers: WorkerState[]
  released: (readonly [number: number, content: number])[]
  left: { claims: number; commits: number; kills: number; losses: number; repeats: number }
}

interface Folded {
  readonly judged: Judged
  readonly counts: readonly boolean[]
  /** Contents of the commits that count. */
  readonly contents: readonly number[]
  readonly isForked: boolean
  readonly isUnfenced: boolean
}

export function claimModel(bounds: ClaimBounds, mutation?: ClaimMutation): Model<ClaimState, ClaimViolation> {
  const fold = (log: readonly LogRecord[]): Folded => foldAll(log, mutation)
  return {
    initial: { log: [], way: [], workers: [newWorker(), newWorker()], released: [], left: { ...bounds } },
    violation: (state) => violationOf(state, fold(state.log)),
    goal: ({ way, workers }) =>
      way.length === 0 && workers.every(({ phase, pending }) => phase !== 'claiming' && pending === null),
    steps(state) {
      const collect = stepsFrom(state, ({ way }) => sortByText(way))
      stepsOfTheWay(collect, state)
      state.workers.forEach((worker, index) => {
        if (worker.phase === 'idle') claimStep(collect, state, index, fold)
        else if (worker.phase === 'claiming') readClaimStep(collect, state, index, fold, mutation)
        else ownerSteps(collect, state, index, fold, mutation)
        if (worker.phase !== 'idle' && state.left.kills > 0)
          collect.fault(`${nameOf(state, index)} is killed`, (to) => {
            to.left.kills -= 1
            to.workers[index] = { ...newWorker(), lives: worker.lives + 1, copy: worker.copy }
          })
      })
      return collect.steps
    },
  }
}

function newWorker(): WorkerState {
  return { phase: 'idle', lives: 0, epoch: 0, next: 0, contents: [], pending: null, copy: null }
}

/** The fold of production, but for what the mutation changes about where it stands before a record is judged. */
function foldAll(log: readonly LogRecord[], mutation: ClaimMutation | undefined): Folded {
  let judged = unjudged
  let owner = { epoch: 0, incarnation: '' }
  let isForked = false
  let isUnfenced = false
  const contents: number[] = []
  const counts = log.map((record, offset) => {
    const { entry } = record
    if (entry.kind === 'claim' && entry.claim.epoch > owner.epoch) owner = entry.claim
    const { digest } = judged.standing
    const found = judge(bent(judged, record, mutation), offset, record)
    judged = found.verdict === 'void' ? judge(judged, offset, record).judged : found.judged
    if (found.verdict === 'committed' && entry.kind === 'commit') {
      if (!isSameDigest(entry.before, digest)) isForked = true
      if (entry.by.incarnation !== owner.incarnation) isUnfenced = true
      contents.push(record.digest.low)
    }
    return found.verdict !== 'void'
  })
  return { judged, counts, contents, isForked, isUnfenced }
}

function bent(judged: Judged, { entry }: LogRecord, mutation: ClaimMutation | undefined): Judged {
  const { standing } = judged
  const { claim } = standing
  if (claim === undefined) return judged
  if (mutation === 'an equal epoch counts' && entry.kind === 'claim' && entry.claim.epoch === claim.epoch)
    return { ...judged, standing: { ...standing, claim: { ...claim, epoch: claim.epoch - 1 } } }
  // Two that hold one epoch are one claimant then.
  if (mutation === 'an equal epoch counts' && entry.kind === 'commit' && entry.by.epoch === claim.epoch)
    return { ...judged, standing: { ...standing, claim: { ...claim, incarnation: entry.by.incarnation } } }
  if (mutation === 'former owners count' && entry.kind === 'commit')
    return { ...judged, standing: { ...standing, claim: { ...claim, ...entry.by } } }
  return judged
}

function violationOf(
  { released, workers }: ClaimState,
  { contents, isForked, isUnfenced }: Folded,
): { kind: ClaimViolation; detail: string } | undefined {
  for (const [number, content] of released) {
    if (released.some(([other, found]) => other === number && found !== content))
      return { kind: 'released twice', detail: `commit ${number} was released with two contents` }
    if (contents[number - 1] !== content)
      return {
        kind: 'released and void',
        detail: `commit ${number} was released as ${content}, and readers find ${contents[number - 1] ?? 'none'}`,
      }
  }
  if (isForked) return { kind: 'forked', detail: 'a commit counts that was computed on another history' }
  if (isUnfenced) return { kind: 'not fenced', detail: 'a commit counts although somebody else had claimed' }
  const wrong = workers.find(({ phase, contents: own }) => phase === 'owner' && own.some((c, i) => contents[i] !== c))
  if (wrong !== undefined)
    return { kind: 'wrong state', detail: `an owner is at [${wrong.contents}], not [${contents}]` }
  return undefined
}

function stepsOfTheWay({ step, fault }: StepCollector<ClaimState>, { way, left }: ClaimState): void {
  way.forEach((record, i) => {
    if (i > 0 && isSame(record, way[i - 1]!)) return
    const text = textOf(record)
    step(`the log takes ${text}`, (to) => {
      to.way.splice(i, 1)
      to.log.push(record)
    })
    if (left.losses > 0)
      fault(`${text} is lost`, (to) => {
        to.left.losses -= 1
        to.way.splice(i, 1)
      })
    if (left.repeats > 0)
      fault(`${text} will come twice`, (to) => {
        to.left.repeats -= 1
        to.way.push(record)
      })
  })
}

type Fold = (log: readonly LogRecord[]) => Folded

function claimStep({ step }: StepCollector<ClaimState>, state: ClaimState, index: number, fold: Fold): void {
  if (state.left.claims === 0) return
  const epoch = (fold(state.log).judged.standing.claim?.epoch ?? 0) + 1
  const incarnation = nameOf(state, index)
  const claim = { epoch, incarnation, address: '', version: 0, shardCount: 1, groupCount: 1 }
  step(`${incarnation} claims epoch ${epoch}`, (to) => {
    to.left.claims -= 1
    to.workers[index]!.phase = 'claiming'
    to.workers[index]!.epoch = epoch
    to.way.push({ entry: { kind: 'claim', claim }, digest: { high: epoch, low: 0 }, sizeBytes: 1 })
  })
}

function readClaimStep(
  { step }: StepCollector<ClaimState>,
  { log, way, workers }: ClaimState,
  index: number,
  fold: Fold,
  mutation: ClaimMutation | undefined,
): void {
  const { epoch, copy, lives } = workers[index]!
  const name = `${index}.${lives}`
  const isOwn = ({ entry }: LogRecord): boolean =>
    entry.kind === 'claim' && entry.claim.epoch === epoch && entry.claim.incarnation === name
  const at = log.findIndex(isOwn)
  if (at < 0) {
    if (!way.some(isOwn)) step(`${name} gives up its claim`, (to) => (to.workers[index]!.phase = 'idle'))
    return
  }
  const { counts, contents } = fold(log.slice(0, at + 1))
  step(`${name} reads its claim, which ${counts[at] === true ? 'counts' : 'is void'}`, (to) => {
    const worker = to.workers[index]!
    worker.phase = counts[at] === true ? 'owner' : 'idle'
    worker.next = at + 1
    worker.contents = [...contents]
    const isEarly = mutation === 'copy written before the commit counts' && (copy?.length ?? 0) >= contents.length
    if (worker.phase === 'owner' && isEarly && copy !== null) worker.contents = [...copy]
  })
}

function ownerSteps(
  collect: StepCollector<ClaimState>,
  state: ClaimState,
  index: number,
  fold: Fold,
  mutation: ClaimMutation | undefined,
): void {
  const { pending } = state.workers[index]!
  if (pending === null) sendStep(collect, state, index, mutation)
  else pendingSteps(collect, state, index, pending, fold, mutation)
}

function sendStep(
  { step }: StepCollector<ClaimState>,
  state: ClaimState,
  index: number,
  mutation: ClaimMutation | undefined,
): void {
  if (state.left.commits === 0) return
  const { epoch, contents } = state.workers[index]!
  const name = nameOf(state, index)
  const content = 10 - state.left.commits
  const number = contents.length + 1
  const before = { high: 0, low: contents.at(-1) ?? 0 }
  const by = { epoch, incarnation: name }
  const record: LogRecord = {
    entry: { kind: 'commit', by, number, before, truncateBelow: 0 },
    digest: { high: 0, low: content },
    sizeBytes: 1,
  }
  step(`${name} sends ${textOf(record)}`, (to) => {
    to.left.commits -= 1
    to.way.push(record)
    const worker = to.workers[index]!
    worker.pending = record
    if (mutation === 'copy written before the commit counts') worker.copy = [...worker.contents, content]
  })
}

function pendingSteps(
  { step }: StepCollector<ClaimState>,
  state: ClaimState,
  index: number,
  pending: LogRecord,
  fold: Fold,
  mutation: ClaimMutation | undefined,
): void {
  const { log, way } = state
  const { epoch, next } = state.workers[index]!
  const name = nameOf(state, index)
  const text = textOf(pending)
  const content = pending.digest.low
  const at = log.findIndex((record) => isSame(record, pending))
  const release = (to: ClaimState, nextOffset: number): void => {
    const worker = to.workers[index]!
    worker.contents.push(content)
    worker.next = nextOffset
    worker.pending = null
    const number = worker.contents.length
    if (!to.released.some(([n, c]) => n === number && c === content)) to.released.push([number, content])
    to.released.sort(([a, b], [c, d]) => a - c || b - d)
  }
  const stop = (to: ClaimState): void => {
    Object.assign(to.workers[index]!, { ...newWorker(), lives: state.workers[index]!.lives + 1 })
  }
  if (mutation === 'new content under the number of a commit that was given up')
    step(`${name} gives up ${text}`, (to) => (to.workers[index]!.pending = null))
  else step(`${name} gives up, to claim anew`, stop)
  if (log[next] !== undefined && isSame(log[next], pending)) {
    step(`${name} is told that ${text} lies where it expects it`, (to) => release(to, next + 1))
    return
  }
  if (mutation === 'released when the broker has it' && at >= 0)
    return step(`${name} is told that ${text} is there`, (to) => release(to, at + 1))
  const { judged, counts } = fold(log)
  if (mutation === 'new content under the number of a commit that was given up') {
    // What goes with it: whoever believes that numbers are never used again need not ask more than whether a later claim lies before.
    const isLater = ({ entry }: LogRecord): boolean => entry.kind === 'claim' && entry.claim.epoch > epoch
    if (at >= 0 && !log.slice(0, at).some(isLater))
      return step(`${name} finds no later claim before ${text}`, (to) => release(to, at + 1))
  }
  const counted = log.findIndex((record, i) => isSame(record, pending) && counts[i] === true)
  if (counted >= 0) return step(`${name} reads that ${text} counts`, (to) => release(to, counted + 1))
  const { claim } = judged.standing
  if (at >= 0 || claim?.epoch !== epoch || claim.incarnation !== name)
    return step(`${name} reads that ${text} is void`, stop)
  if (at < 0 && !way.some((record) => isSame(record, pending)))
    step(`${name} sends ${text} again`, (to) => void to.way.push(pending))
}

function nameOf({ workers }: ClaimState, index: number): string {
  return `${index}.${workers[index]!.lives}`
}

function isSame(a: LogRecord, b: LogRecord): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

function textOf({ entry, digest }: LogRecord): string {
  if (entry.kind === 'claim') return `claim ${entry.claim.epoch} of ${entry.claim.incarnation}`
  return entry.kind === 'commit' ? `commit ${entry.number} (${digest.low}) of ${entry.by.incarnation}` : entry.kind
}
