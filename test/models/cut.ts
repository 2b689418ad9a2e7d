/**
 * A savepoint is a cut: a vector of commit numbers, taken without a barrier (RULE 9).
 *
 * Two shards send to each other. A shard owns its commits, and decides by itself which of them is its part of the cut.
 * The savepoint owns nothing but what was reported to it. A commit number is modelled as what it stands for: what that
 * commit says about the lanes.
 *
 *   a shard notes its last durable commit when it is asked for the cut, or hears of it from the other shard;
 *   from then on every frame it sends, message or ack, carries the cut;
 *   it notes before it runs a message or applies an ack that carries the cut;
 *   the note is durable with the shard's next commit, and reported after that.
 *
 * Faults, a bounded number in any order: a frame is late or lost; a copy of one comes late; a shard is killed, and
 * opens at its last commit. Messages and acks do not wait for each other. Sessions are left to `lane.ts`; here the next
 * number is simply taken.
 *
 * Invariants, for both lanes between the two reported commits. They are RULE 4 for lanes that are restored from the
 * savepoint.
 *  C1 orphan: the receiver's part has nothing that the sender's part has not sent.
 *  C2 lost: the sender's part has pruned nothing that the receiver's part has not got.
 * Goal: both parts are reported, and every message has been applied and pruned.
 */
import { type Model, type Step, type Violation, sortByText, stepsFrom } from './explore.ts'
import { type Link, arrivals, emptyLink, makeLate, makeLateCopy } from './link.ts'

export interface CutBounds {
  /** How many messages each shard sends to the other. */
  readonly messages: Readonly<Record<ShardName, number>>
  readonly faults: number
}

export type CutMutation =
  | 'messages do not carry the cut'
  | 'acks do not carry the cut'
  | 'notes the commit that is being staged'
  | 'reports a note before it is durable'
  | 'forgets the cut when killed'

export type CutViolation = 'orphan' | 'lost'

type ShardName = 'P' | 'Q'

/** What a commit says about the shard's lanes: to the other shard (sent, pruned) and from it (watermark). */
interface Commit {
  readonly sent: number
  readonly pruned: number
  readonly watermark: number
}

interface Shard {
  durable: Commit
  staged: Commit | null
  note: Note | null
  reported: Commit | null
  /** Does what it sends carry the cut? */
  isInCut: boolean
  /** The last message that was put on the link. Forgotten by a kill. */
  putUpTo: number
  /** Frames to this shard. */
  readonly incoming: Readonly<Record<FrameKind, Link<Frame>>>
}

interface Note {
  /** Null only in a mutation that notes a commit that is not made yet. */
  readonly commit: Commit | null
  readonly isDurable: boolean
}

type FrameKind = 'message' | 'ack'

interface Frame {
  readonly kind: FrameKind
  readonly number: number
  readonly carriesCut: boolean
}

export interface CutState {
  readonly shards: Readonly<Record<ShardName, Shard>>
  faultsLeft: number
}

const SHARDS: readonly ShardName[] = ['P', 'Q']
const KINDS: readonly FrameKind[] = ['message', 'ack']

export function cutModel(bounds: CutBounds, mutation?: CutMutation): Model<CutState, CutViolation> {
  return {
    initial: { shards: { P: newShard(), Q: newShard() }, faultsLeft: bounds.faults },
    steps: (state) => cutSteps(state, bounds, mutation),
    violation: cutViolation,
    goal: ({ shards }) => SHARDS.every((name) => isDone(shards[name], shards[other(name)], bounds.messages[name])),
  }
}

function cutViolation({ shards }: CutState): Violation<CutViolation> | undefined {
  for (const name of SHARDS) {
    const sender = shards[name].reported
    const receiver = shards[other(name)].reported
    if (sender === null || receiver === null) continue
    const detail = `from ${name}: sent ${sender.sent}, pruned ${sender.pruned}, watermark ${receiver.watermark}`
    if (receiver.watermark > sender.sent) return { kind: 'orphan', detail }
    if (sender.pruned > receiver.watermark) return { kind: 'lost', detail }
  }
  return undefined
}

function cutSteps(state: CutState, bounds: CutBounds, mutation?: CutMutation): readonly Step<CutState>[] {
  const collector = stepsFrom(state, sortLateFrames)
  for (const name of SHARDS) {
    addNote(name)
    addRun(name)
    addCommit(name)
    addSend(name)
    addArrivals(name)
    if (state.faultsLeft > 0) addFaults(name)
  }
  return collector.steps

  function addNote(name: ShardName): void {
    const { note, reported } = state.shards[name]
    if (note === null) {
      collector.step(`${name} is asked for the cut`, (to) => noteCut(to.shards[name]))
    } else if (reported === null && (note.isDurable || mutation === 'reports a note before it is durable')) {
      collector.step(`${name} reports its part`, (to) => {
        to.shards[name].reported = note.commit
      })
    }
  }

  function noteCut(shard: Shard): void {
    const isAhead = mutation === 'notes the commit that is being staged' && shard.staged !== null
    shard.note ??= { commit: isAhead ? null : shard.durable, isDurable: false }
    shard.isInCut = true
  }

  function addRun(name: ShardName): void {
    const { sent } = working(state.shards[name])
    if (sent === bounds.messages[name]) return
    collector.step(`${name} runs an input, stages message ${sent + 1}`, (to) => {
      stage(to.shards[name], { sent: sent + 1 })
    })
  }

  function addCommit(name: ShardName): void {
    const { staged, durable, note } = state.shards[name]
    if (staged === null && (note === null || note.isDurable)) return
    collector.step(`${name} commits`, (to) => {
      const shard = to.shards[name]
      const commit = staged ?? durable
      shard.durable = commit
      shard.staged = null
      if (note !== null) shard.note = { commit: note.commit ?? commit, isDurable: true }
      if (commit.watermark > durable.watermark) acknowledge(to, name)
    })
  }

  function addSend(name: ShardName): void {
    const shard = state.shards[name]
    const { sent, pruned } = shard.durable
    const number = shard.putUpTo + 1
    if (number <= sent) {
      const frame: Frame = { kind: 'message', number, carriesCut: shard.isInCut }
      collector.step(`${name} sends ${describeFrame(frame)}`, (to) => {
        to.shards[name].putUpTo = number
        to.shards[other(name)].incoming.message.inOrder.push(frame)
      })
    } else if (pruned < sent && isQuiet(state)) {
      collector.step(`${name} hears nothing, goes back to what is not acknowledged`, (to) => {
        to.shards[name].putUpTo = pruned
      })
    }
  }

  function addArrivals(name: ShardName): void {
    for (const kind of KINDS) {
      for (const { packet, isLate, takeFrom } of arrivals(state.shards[name].incoming[kind])) {
        collector.step(`${name} gets${isLate ? ', late,' : ''} ${describeFrame(packet)}`, (to) => {
          takeFrom(to.shards[name].incoming[kind])
          receive(to, name, packet)
        })
      }
    }
  }

  /** The order of these lines is the rule: first note, then run or apply. */
  function receive(to: CutState, name: ShardName, frame: Frame): void {
    const shard = to.shards[name]
    if (frame.carriesCut && !isBlindTo(frame.kind)) noteCut(shard)
    if (frame.kind === 'message') runMessage(to, name, frame.number)
    else if (frame.number > working(shard).pruned) stage(shard, { pruned: frame.number })
  }

  function isBlindTo(kind: FrameKind): boolean {
    return mutation === (kind === 'message' ? 'messages do not carry the cut' : 'acks do not carry the cut')
  }

  function addFaults(name: ShardName): void {
    const fault = (label: string, change: (to: CutState) => void): void => {
      collector.fault(label, (to) => {
        to.faultsLeft -= 1
        change(to)
      })
    }
    for (const kind of KINDS) {
      const [first] = state.shards[name].incoming[kind].inOrder
      if (first === undefined) continue
      const described = `${describeFrame(first)} to ${name}`
      fault(`late or lost: ${described}`, (to) => makeLate(to.shards[name].incoming[kind]))
      fault(`a late copy of ${described}`, (to) => makeLateCopy(to.shards[name].incoming[kind]))
    }
    fault(`${name} is killed, and opens at its last commit`, (to) => {
      const shard = to.shards[name]
      shard.staged = null
      shard.putUpTo = shard.durable.pruned
      if (shard.note?.isDurable !== true) shard.note = null
      shard.isInCut = shard.note !== null && mutation !== 'forgets the cut when killed'
    })
  }
}

function newShard(): Shard {
  return {
    durable: { sent: 0, pruned: 0, watermark: 0 },
    staged: null,
    note: null,
    reported: null,
    isInCut: false,
    putUpTo: 0,
    incoming: { message: emptyLink(), ack: emptyLink() },
  }
}

function runMessage(to: CutState, name: ShardName, number: number): void {
  const shard = to.shards[name]
  if (number === working(shard).watermark + 1) stage(shard, { watermark: number })
  else if (number <= shard.durable.watermark) acknowledge(to, name)
}

function acknowledge(to: CutState, name: ShardName): void {
  const { durable, isInCut } = to.shards[name]
  const frame: Frame = { kind: 'ack', number: durable.watermark, carriesCut: isInCut }
  to.shards[other(name)].incoming.ack.inOrder.push(frame)
}

function working({ staged, durable }: Shard): Commit {
  return staged ?? durable
}

function stage(shard: Shard, change: Partial<Commit>): void {
  shard.staged = { ...working(shard), ...change }
}

function isDone(sender: Shard, receiver: Shard, messages: number): boolean {
  const { sent, pruned } = sender.durable
  return sender.reported !== null && sent === messages && pruned === messages && receiver.durable.watermark === messages
}

function isQuiet({ shards }: CutState): boolean {
  return SHARDS.every((name) => {
    const { staged, incoming } = shards[name]
    return staged === null && KINDS.every((kind) => incoming[kind].inOrder.length === 0)
  })
}

function sortLateFrames({ shards }: CutState): void {
  for (const name of SHARDS) for (const kind of KINDS) sortByText(shards[name].incoming[kind].late)
}

function other(name: ShardName): ShardName {
  return name === 'P' ? 'Q' : 'P'
}

function describeFrame({ kind, number, carriesCut }: Frame): string {
  return `${kind} ${number}${carriesCut ? ', in the cut' : ''}`
}
