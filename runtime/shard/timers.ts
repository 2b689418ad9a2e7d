import { ByteReader, ByteWriter } from '../base/bytes.ts'
import type { EntityTable } from './row.ts'
import { writeTimerKey } from './row-key.ts'

/** A message to an entity, later. One per (entity, key, timer name); the name is the handler and the user's id. */
export interface Timer {
  readonly table: EntityTable
  readonly shard: number
  readonly key: string
  readonly name: string
  readonly atMs: number
  readonly kind: TimerKind
  readonly route: number
  /** The message as bytes of the codec. */
  readonly message: Uint8Array
  readonly timeMs: number
  readonly idHigh: number
  readonly idLow: number
  /** Times a message was tried before, for retries. */
  readonly attempts: number
  /** False once it was fired, moved or cancelled. */
  pending: boolean
}

/** user: set by a handler. ttl: forget an idle entity. retry: a message whose handler threw. answer: forget a request id. */
export const TimerKind = { user: 0, ttl: 1, retry: 2, answer: 3 } as const
export type TimerKind = (typeof TimerKind)[keyof typeof TimerKind]

/**
 * Pending timers of a group in the order in which they fire: by time, then shard, key and name, so that the order does not
 * depend on the order in which they were set. A binary heap; what was cancelled is skipped when it surfaces.
 */
export class TimerQueue {
  #heap: Timer[] = []

  get size(): number {
    return this.#heap.length
  }

  /** The time of the next timer, or undefined. */
  get nextAtMs(): number | undefined {
    this.#dropCancelled()
    return this.#heap[0]?.atMs
  }

  add(timer: Timer): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(timer)
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!before(timer, heap[parent]!)) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = timer
  }

  /** Takes the first timer that is due at `nowMs`, or undefined. */
  takeDue(nowMs: number): Timer | undefined {
    this.#dropCancelled()
    const first = this.#heap[0]
    if (first === undefined || first.atMs > nowMs) return undefined
    this.#removeFirst()
    return first
  }

  #dropCancelled(): void {
    while (this.#heap.length > 0 && !this.#heap[0]!.pending) this.#removeFirst()
  }

  #removeFirst(): void {
    const heap = this.#heap
    const last = heap.pop()!
    if (heap.length === 0) return
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child += 1
      if (!before(heap[child]!, last)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
  }
}

function before(a: Timer, b: Timer): boolean {
  if (a.atMs !== b.atMs) return a.atMs < b.atMs
  if (a.shard !== b.shard) return a.shard < b.shard
  if (a.key !== b.key) return a.key < b.key
  if (a.table.id !== b.table.id) return a.table.id < b.table.id
  return a.name < b.name
}

export function timerRowKey(timer: Timer): Uint8Array {
  const out = new ByteWriter(64)
  writeTimerKey(out, timer.shard, timer.table.id, timer.key, timer.name)
  return out.copy()
}

/** The value of a timer row. `routeId` is the durable number of the route's name. */
export function encodeTimer(timer: Timer, routeId: number): Uint8Array {
  const out = new ByteWriter(48 + timer.message.length)
  out.u8(timer.kind)
  out.f64(timer.atMs)
  out.varint(routeId)
  out.f64(timer.timeMs)
  out.u32(timer.idHigh)
  out.u32(timer.idLow)
  out.varint(timer.attempts)
  out.block(timer.message)
  return out.copy()
}

export interface StoredTimer {
  readonly kind: TimerKind
  readonly atMs: number
  readonly routeId: number
  readonly timeMs: number
  readonly idHigh: number
  readonly idLow: number
  readonly attempts: number
  readonly message: Uint8Array
}

export function decodeTimer(bytes: Uint8Array): StoredTimer {
  const reader = new ByteReader(bytes)
  return {
    kind: reader.u8() as TimerKind,
    atMs: reader.f64(),
    routeId: reader.varint(),
    timeMs: reader.f64(),
    idHigh: reader.i32(),
    idLow: reader.i32(),
    attempts: reader.varint(),
    message: reader.block().slice(),
  }
}
