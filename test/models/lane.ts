/**
 * A lane from one shard to another (RULES 1, 2, 3, 4).
 *
 * The sender owns the outbox: what it has durably decided to send, numbered 1, 2, 3, ... for ever. The receiver owns
 * the watermark: the number up to which the effects are durable. Neither believes the other outside a session, and both
 * ends name the session.
 *
 *   sender                                                receiver
 *   runs an input, stages a message
 *   commits it into the outbox (RULE 1: not before may it leave)
 *   hello(h) ------------------------------------------>  grants a new session, drops what it had staged
 *   <---------------- welcome(h, session, watermark, chain)
 *   compares the histories (RULE 4): opens the session, or refuses the lane
 *   message(session, #n, number=content) -------------->  takes the next of its session (RULE 2), else says: reopen
 *   mark(session, #n, after) -------------------------->  the same
 *                                                         commits effects and watermark in one record
 *   <---------------------- ack(session, watermark, chain)
 *   compares the chains, prunes the outbox (RULE 3)
 *
 * Faults, a bounded number in any order: a frame is late or lost; a copy of one comes late; the sender loses patience;
 * either end is killed. With `process` durability also: either end loses power, and with it every commit since the last
 * write to disk. An input that is run again gives another content: another batch, another clock. A chain hash is
 * modelled as what it stands for, the list of all contents.
 *
 * Invariants
 *  L1 lost, doubled: the receiver applies 1, 2, 3, ...: no number is left out, none comes twice.
 *  L2 forked: while both ends are in one session, the receiver's history is the beginning of the sender's.
 *  L3 pruned too far: while both ends are in one session, the receiver has everything that was pruned.
 *  L4 refused without cause: a lane is refused only after a power loss.
 *  L5 early mark: when a mark is taken, every message before it has been taken.
 * Goal: every input is run, applied and pruned. Or the lane is refused: that is for people to settle.
 */
import { type Model, type Step, type Violation, stepsFrom } from './explore.ts'
import {
  type Frame,
  type LaneState,
  type Message,
  type Progress,
  type Receiver,
  type ReceiverStore,
  type Reply,
  type Sender,
  type SenderStore,
  type Store,
  describePacket,
  emptyLane,
  freshId,
  isDone,
  isQuiet,
  isSameSession,
  isSameUpTo,
  nextToSend,
  normaliseLane,
} from './lane-state.ts'
import { arrivals, makeLate, makeLateCopy } from './link.ts'

export interface LaneBounds {
  readonly inputs: number
  readonly faults: number
  /** `disk`: a commit is durable at once. `process`: it outlives a kill, but not a power loss. */
  readonly durability: 'disk' | 'process'
  readonly marks: boolean
}

export type LaneMutation =
  | 'release before commit'
  | 'ack on receipt'
  | 'ack of an older session prunes'
  | 'ack is not compared'
  | 'prune when sent'
  | 'outbox in memory only'
  | 'watermark in a second write, after the effects'
  | 'watermark in a second write, before the effects'
  | 'higher number accepted'
  | 'any number accepted'
  | 'mark outside the numbering'
  | 'session named by the sender alone'
  | 'staged input survives a handshake'
  | 'handshake compares numbers only'
  | 'handshake forgets what was pruned'

export type LaneViolation = 'lost' | 'doubled' | 'forked' | 'pruned too far' | 'refused without cause' | 'early mark'

export function laneModel(bounds: LaneBounds, mutation?: LaneMutation): Model<LaneState, LaneViolation> {
  return {
    initial: emptyLane(bounds.faults),
    steps: (state) => laneSteps(state, bounds, mutation),
    violation: laneViolation,
    goal: (state) => state.sender.refused || isDone(state, bounds.inputs),
  }
}

function laneViolation(state: LaneState): Violation<LaneViolation> | undefined {
  const { sender, receiver, powerLost, earlyMark } = state
  const { applied, chain } = receiver.store.committed
  const { pruned } = sender.store.committed
  const wrong = applied.findIndex((number, index) => number !== index + 1)
  if (wrong !== -1) {
    const isRepeated = applied.indexOf(applied[wrong] ?? 0) < wrong
    return { kind: isRepeated ? 'doubled' : 'lost', detail: `the receiver applied ${applied}` }
  }
  if (earlyMark !== null) return { kind: 'early mark', detail: earlyMark }
  if (sender.refused && !powerLost) return { kind: 'refused without cause', detail: 'nothing was lost but frames' }
  if (!isSameSession(state)) return undefined
  if (!isSameUpTo(chain.length, chain, sender.store.committed.chain)) {
    return { kind: 'forked', detail: `the sender has [${sender.store.committed.chain}], the receiver [${chain}]` }
  }
  if (pruned > applied.length) {
    return { kind: 'pruned too far', detail: `pruned up to ${pruned}, durable up to ${applied.length}` }
  }
  return undefined
}

function laneSteps(state: LaneState, bounds: LaneBounds, mutation?: LaneMutation): readonly Step<LaneState>[] {
  const collector = stepsFrom(state, normaliseLane)
  if (state.sender.refused) return []
  addRuns()
  addFrames()
  addReceiverCommit()
  addDeliveries()
  addWritesToDisk()
  if (state.faultsLeft > 0) addFaults()
  return collector.steps

  function addRuns(): void {
    const { staged, attempt, store } = state.sender
    const input = store.committed.inputs + 1
    if (staged !== null) {
      collector.step(`sender commits ${staged}`, (to) => commitStaged(to.sender, staged))
    } else if (input <= bounds.inputs) {
      const content = `${input}.${attempt}`
      collector.step(`sender runs input ${input}, stages ${content}`, (to) => {
        to.sender.staged = content
        if (mutation === 'release before commit') send(to, { number: input, content })
      })
    }
  }

  function commitStaged(sender: Sender, content: string): void {
    const { inputs, outbox, pruned, chain } = sender.store.committed
    const message = { number: chain.length + 1, content }
    commit(sender.store, { inputs: inputs + 1, outbox: [...outbox, message], pruned, chain: [...chain, content] })
    sender.staged = null
  }

  function addFrames(): void {
    const { session, store } = state.sender
    const next = nextToSend(state.sender)
    if (session === null) {
      collector.step('sender says hello', sayHello)
      return
    }
    if (next !== undefined) {
      collector.step(`sender sends ${next.number}=${next.content}`, (to) => {
        send(to, next)
        if (mutation === 'prune when sent') prune(to.sender, next.number)
      })
    }
    if (bounds.marks && session.phase === 'open' && session.sent > session.marked) {
      collector.step(`sender sends a mark after ${session.sent}`, sendMark)
    }
    const expectsAnswer = store.committed.outbox.length > 0 || !isSameSession(state)
    if (next === undefined && expectsAnswer && isQuiet(state) && !isDone(state, bounds.inputs)) {
      collector.step('sender hears nothing, says hello again', sayHello)
    }
  }

  function addReceiverCommit(): void {
    const { staged, store } = state.receiver
    if (staged === null) return
    const { watermark, applied } = store.committed
    if (mutation === 'watermark in a second write, after the effects' && applied.length < staged.applied.length) {
      const half = { ...store.committed, applied: staged.applied }
      collector.step('receiver commits the effects', (to) => commit(to.receiver.store, half))
    } else if (mutation === 'watermark in a second write, before the effects' && watermark < staged.watermark) {
      const half = { ...staged, applied }
      collector.step(`receiver commits watermark ${staged.watermark}`, (to) => commit(to.receiver.store, half))
    } else {
      collector.step(`receiver commits up to ${staged.watermark}`, (to) => {
        commit(to.receiver.store, staged)
        to.receiver.staged = null
        if (mutation !== 'ack on receipt') sendAck(to, staged)
      })
    }
  }

  function addDeliveries(): void {
    for (const { packet, isLate, takeFrom } of arrivals(state.toReceiver)) {
      collector.step(`receiver gets${isLate ? ', late,' : ''} ${describePacket(packet)}`, (to) => {
        takeFrom(to.toReceiver)
        receive(to, packet)
      })
    }
    for (const { packet, isLate, takeFrom } of arrivals(state.toSender)) {
      collector.step(`sender gets${isLate ? ', late,' : ''} ${describePacket(packet)}`, (to) => {
        takeFrom(to.toSender)
        hear(to.sender, packet)
      })
    }
  }

  /** The receiver's side of the conversation. */
  function receive(to: LaneState, frame: Frame): void {
    const { receiver } = to
    if (frame.kind === 'hello') {
      const id = mutation === 'session named by the sender alone' ? frame.hello : freshId(to)
      receiver.session = { id, frames: 0 }
      if (mutation !== 'staged input survives a handshake') receiver.staged = null
      const { watermark, chain } = receiver.store.committed
      to.toSender.inOrder.push({ kind: 'welcome', hello: frame.hello, session: id, watermark, chain })
    } else if (frame.kind === 'mark' && mutation === 'mark outside the numbering') {
      takeMark(to, frame.after)
    } else if (receiver.session === null || !isNext(receiver.session, frame)) {
      if (receiver.session?.id === frame.session) receiver.session = null
      to.toSender.inOrder.push({ kind: 'reopen', session: frame.session })
    } else {
      receiver.session.frames = frame.n
      if (frame.kind === 'mark') takeMark(to, frame.after)
      else takeMessage(to, frame.message)
    }
  }

  /** RULE 2: the next of the current session, and nothing else. */
  function isNext(current: { id: number; frames: number }, frame: { session: number; n: number }): boolean {
    if (current.id !== frame.session) return false
    if (mutation === 'any number accepted') return true
    if (mutation === 'higher number accepted') return frame.n > current.frames
    return frame.n === current.frames + 1
  }

  function takeMessage(to: LaneState, { number, content }: Message): void {
    const before = to.receiver.staged ?? to.receiver.store.committed
    const staged = {
      watermark: number,
      chain: [...before.chain, content],
      applied: [...before.applied, number],
    }
    to.receiver.staged = staged
    if (mutation === 'ack on receipt') sendAck(to, staged)
  }

  /** The sender's side of the conversation. */
  function hear(sender: Sender, reply: Reply): void {
    const { session } = sender
    if (session === null) return
    if (session.phase === 'asked') {
      if (reply.kind === 'welcome' && reply.hello === session.hello) hearWelcome(sender, reply.session, reply)
    } else if (reply.kind === 'ack') {
      if (reply.session === session.id || mutation === 'ack of an older session prunes') hearAck(sender, reply)
    } else if (reply.kind === 'reopen' && reply.session === session.id) {
      sender.session = null
    }
  }

  function hearWelcome(sender: Sender, id: number, progress: Progress): void {
    if (isSameHistory(sender.store.committed, progress)) {
      const { watermark } = progress
      sender.session = { phase: 'open', id, sent: watermark, frames: 0, marked: watermark }
      prune(sender, watermark)
    } else {
      sender.refused = true
    }
  }

  /** RULE 4: pruned <= watermark <= sent, and equal chains at the watermark. */
  function isSameHistory(own: SenderStore, theirs: Progress): boolean {
    if (theirs.watermark > own.chain.length) return false
    if (theirs.watermark < own.pruned && mutation !== 'handshake forgets what was pruned') return false
    return mutation === 'handshake compares numbers only' || isSameUpTo(theirs.watermark, theirs.chain, own.chain)
  }

  /** RULE 3: the sender compares before it prunes. */
  function hearAck(sender: Sender, { watermark, chain }: Progress): void {
    const isSame = isSameUpTo(watermark, chain, sender.store.committed.chain)
    if (isSame || mutation === 'ack is not compared') prune(sender, watermark)
    else sender.refused = true
  }

  function prune(sender: Sender, watermark: number): void {
    const { committed } = sender.store
    if (watermark <= committed.pruned) return
    const outbox = committed.outbox.filter((message) => message.number > watermark)
    commit(sender.store, { ...committed, outbox, pruned: watermark })
  }

  function commit<T>(store: Store<T>, value: T): void {
    if (bounds.durability === 'process') store.onDisk ??= store.committed
    store.committed = value
  }

  function addWritesToDisk(): void {
    for (const end of ['sender', 'receiver'] as const) {
      if (state[end].store.onDisk === null) continue
      collector.step(`${end}: the system writes to disk`, (to) => {
        to[end].store.onDisk = null
      })
    }
  }

  function addFaults(): void {
    const fault = (label: string, change: (to: LaneState) => void): void => {
      collector.fault(label, (to) => {
        to.faultsLeft -= 1
        change(to)
      })
    }
    const [frame] = state.toReceiver.inOrder
    if (frame !== undefined) {
      fault(`late or lost: ${describePacket(frame)}`, (to) => makeLate(to.toReceiver))
      fault(`a late copy of ${describePacket(frame)}`, (to) => makeLateCopy(to.toReceiver))
    }
    const [reply] = state.toSender.inOrder
    if (reply !== undefined) {
      fault(`late or lost: ${describePacket(reply)}`, (to) => makeLate(to.toSender))
      fault(`a late copy of ${describePacket(reply)}`, (to) => makeLateCopy(to.toSender))
    }
    if (state.sender.session !== null) fault('sender loses patience, says hello again', sayHello)
    fault('sender is killed', (to) => restartSender(to.sender))
    fault('receiver is killed', (to) => restartReceiver(to.receiver))
    if (bounds.durability === 'disk') return
    fault('sender loses power', (to) => {
      losePower(to, to.sender.store)
      restartSender(to.sender)
    })
    fault('receiver loses power', (to) => {
      losePower(to, to.receiver.store)
      restartReceiver(to.receiver)
    })
  }

  function restartSender(sender: Sender): void {
    sender.session = null
    sender.staged = null
    if (sender.store.committed.inputs < bounds.inputs) sender.attempt += 1
    if (mutation === 'outbox in memory only') sender.store.committed = { ...sender.store.committed, outbox: [] }
  }
}

function restartReceiver(receiver: Receiver): void {
  receiver.session = null
  receiver.staged = null
}

function losePower<T>(to: LaneState, store: Store<T>): void {
  store.committed = store.onDisk ?? store.committed
  store.onDisk = null
  to.powerLost = true
}

function sayHello(to: LaneState): void {
  const hello = freshId(to)
  to.sender.session = { phase: 'asked', hello }
  to.toReceiver.inOrder.push({ kind: 'hello', hello })
}

function send(to: LaneState, message: Message): void {
  const { session } = to.sender
  if (session?.phase !== 'open' || message.number !== session.sent + 1) return
  session.sent = message.number
  session.frames += 1
  to.toReceiver.inOrder.push({ kind: 'message', session: session.id, n: session.frames, message })
}

function sendMark(to: LaneState): void {
  const { session } = to.sender
  if (session?.phase !== 'open') return
  session.marked = session.sent
  session.frames += 1
  to.toReceiver.inOrder.push({ kind: 'mark', session: session.id, n: session.frames, after: session.sent })
}

function takeMark(to: LaneState, after: number): void {
  const { watermark } = to.receiver.staged ?? to.receiver.store.committed
  if (after > watermark) to.earlyMark = `a mark after ${after} was taken at ${watermark}`
}

function sendAck(to: LaneState, { watermark, chain }: ReceiverStore): void {
  const { session } = to.receiver
  if (session !== null) to.toSender.inOrder.push({ kind: 'ack', session: session.id, watermark, chain })
}
