/** The data of the lane model (`lane.ts`), and questions about it that change nothing. */
import { sortByText } from './explore.ts'
import { type Link, emptyLink } from './link.ts'

export interface LaneState {
  readonly sender: Sender
  readonly receiver: Receiver
  readonly toReceiver: Link<Frame>
  readonly toSender: Link<Reply>
  faultsLeft: number
  powerLost: boolean
  /** What the invariants need to know about a step, once it went wrong. */
  earlyMark: string | null
}

export interface Sender {
  readonly store: Store<SenderStore>
  /** The content that the last run wants to send. Not yet committed. */
  staged: string | null
  session: SenderSession | null
  /** How often the sender forgot what it had run. A second run gives another content than the first. */
  attempt: number
  refused: boolean
}

export interface SenderStore {
  readonly inputs: number
  readonly outbox: readonly Message[]
  readonly pruned: number
  /** The chain: every content so far. */
  readonly chain: readonly string[]
}

type SenderSession = { readonly phase: 'asked'; readonly hello: number } | OpenSession

interface OpenSession {
  readonly phase: 'open'
  /** The id that the receiver gave to the session. */
  readonly id: number
  /** The number of the last message sent in this session; at first the watermark at which it was opened. */
  sent: number
  /** How many frames of this session were sent. The next one is this + 1. */
  frames: number
  /** The number after which the last mark was sent. */
  marked: number
}

export interface Receiver {
  readonly store: Store<ReceiverStore>
  staged: ReceiverStore | null
  session: { readonly id: number; frames: number } | null
}

export interface ReceiverStore extends Progress {
  /** The effects. */
  readonly applied: readonly number[]
}

/** The receiver's side of a history: how far, and which. */
export interface Progress {
  readonly watermark: number
  readonly chain: readonly string[]
}

/** What is committed; and what of it is on disk, if that is not the same. */
export interface Store<T> {
  committed: T
  onDisk: T | null
}

export interface Message {
  readonly number: number
  readonly content: string
}

export type Frame =
  | { readonly kind: 'hello'; hello: number }
  | { readonly kind: 'message'; session: number; readonly n: number; readonly message: Message }
  | { readonly kind: 'mark'; session: number; readonly n: number; readonly after: number }

export type Reply =
  | ({ readonly kind: 'welcome'; hello: number; session: number } & Progress)
  | ({ readonly kind: 'ack'; session: number } & Progress)
  | { readonly kind: 'reopen'; session: number }

export function emptyLane(faults: number): LaneState {
  return {
    sender: {
      store: { committed: { inputs: 0, outbox: [], pruned: 0, chain: [] }, onDisk: null },
      staged: null,
      session: null,
      attempt: 0,
      refused: false,
    },
    receiver: {
      store: { committed: { watermark: 0, chain: [], applied: [] }, onDisk: null },
      staged: null,
      session: null,
    },
    toReceiver: emptyLink(),
    toSender: emptyLink(),
    faultsLeft: faults,
    powerLost: false,
    earlyMark: null,
  }
}

export function isSameSession({ sender, receiver }: LaneState): boolean {
  return sender.session?.phase === 'open' && sender.session.id === receiver.session?.id
}

export function isQuiet({ toReceiver, toSender, receiver }: LaneState): boolean {
  return toReceiver.inOrder.length === 0 && toSender.inOrder.length === 0 && receiver.staged === null
}

/** Every input was run, its message applied and pruned. */
export function isDone({ sender, receiver }: LaneState, inputs: number): boolean {
  const { committed } = sender.store
  const isSent = committed.inputs === inputs && committed.outbox.length === 0
  return isSent && receiver.store.committed.applied.length === inputs
}

export function nextToSend({ store, session }: Sender): Message | undefined {
  if (session?.phase !== 'open') return undefined
  return store.committed.outbox.find((message) => message.number === session.sent + 1)
}

export function isSameUpTo(count: number, a: readonly string[], b: readonly string[]): boolean {
  for (let index = 0; index < count; index += 1) if (a[index] !== b[index]) return false
  return true
}

/** An id that nothing in this state still knows. Which one it is makes no difference. */
export function freshId(state: LaneState): number {
  return Math.max(0, ...idsIn(state)) + 1
}

/** Puts states that differ only in the order of late packets, or in which ids were made up, into one form. */
export function normaliseLane(state: LaneState): void {
  const names = new Map([...new Set(idsIn(state))].map((id, index) => [id, index + 1]))
  const rename = (id: number): number => names.get(id) ?? 0
  const { sender, receiver, toReceiver, toSender } = state
  if (sender.session?.phase === 'asked') sender.session = { phase: 'asked', hello: rename(sender.session.hello) }
  if (sender.session?.phase === 'open') sender.session = { ...sender.session, id: rename(sender.session.id) }
  if (receiver.session !== null) receiver.session = { ...receiver.session, id: rename(receiver.session.id) }
  for (const packet of packetsIn(state)) {
    if ('hello' in packet) packet.hello = rename(packet.hello)
    if ('session' in packet) packet.session = rename(packet.session)
  }
  sortByText(toReceiver.late)
  sortByText(toSender.late)
}

export function describePacket(packet: Frame | Reply): string {
  switch (packet.kind) {
    case 'hello':
      return `hello(${packet.hello})`
    case 'message':
      return `message(session ${packet.session}, #${packet.n}, ${packet.message.number}=${packet.message.content})`
    case 'mark':
      return `mark(session ${packet.session}, #${packet.n}, after ${packet.after})`
    case 'welcome':
      return `welcome(${packet.hello}, session ${packet.session}, watermark ${packet.watermark})`
    case 'ack':
      return `ack(session ${packet.session}, watermark ${packet.watermark})`
    case 'reopen':
      return `reopen(session ${packet.session})`
  }
}

function packetsIn({ toReceiver, toSender }: LaneState): (Frame | Reply)[] {
  return [...toReceiver.inOrder, ...toSender.inOrder, ...toReceiver.late, ...toSender.late]
}

function idsIn(state: LaneState): number[] {
  const ids: number[] = []
  const { sender, receiver } = state
  if (sender.session !== null) ids.push(sender.session.phase === 'asked' ? sender.session.hello : sender.session.id)
  if (receiver.session !== null) ids.push(receiver.session.id)
  for (const packet of packetsIn(state)) {
    if ('hello' in packet) ids.push(packet.hello)
    if ('session' in packet) ids.push(packet.session)
  }
  return ids
}
