import type { Session } from './frame.ts'
import type { NameTables } from './names.ts'

/** A session at its receiving end. */
export interface OpenSession extends Session {
  readonly tables: NameTables
  /** Whether its hello was answered: only then frames are accepted. */
  welcomed: boolean
  /** The next frame that is accepted; nothing is any more once `broken`. */
  nextFrame: number
  broken: boolean
  /** Acks with positions. */
  acks: number
  /** Everything up to this frame is durable. */
  durableFrame: number
}

export function newSession({ senderEpoch, receiverEpoch, generation }: Session, tables: NameTables): OpenSession {
  const counts = { nextFrame: 1, acks: 0, durableFrame: 0 }
  return { senderEpoch, receiverEpoch, generation, tables, welcomed: false, broken: false, ...counts }
}

export function isOlder(a: Session, b: Session): boolean {
  return a.senderEpoch < b.senderEpoch || (a.senderEpoch === b.senderEpoch && a.generation < b.generation)
}
