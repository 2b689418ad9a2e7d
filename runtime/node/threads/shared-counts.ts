import { utf8Read } from '../../base/utf8.ts'

/** What a thread has done since it was started. */
export interface ThreadCounts {
  read: number
  committed: number
  handled: number
  deadLetters: number
  commits: number
}

const names = ['read', 'committed', 'handled', 'deadLetters', 'commits'] as const
const countsAt = 16
const noteAt = countsAt + names.length * 8
const noteBytes = 2_048
const Word = { ticks: 0, noteLength: 1 } as const

/**
 * Memory that a worker thread writes and the main thread reads, also while the worker thread answers nobody:
 *
 *   ticks u32         odd while it is inside a tick
 *   note length u32
 *   counts            f64 each
 *   note              UTF-8: what it is handling, where that is noted
 */
export class SharedCounts {
  readonly memory: SharedArrayBuffer
  readonly #words: Int32Array
  readonly #counts: Float64Array
  readonly #note: Uint8Array

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(noteAt + noteBytes)) {
    this.memory = memory
    this.#words = new Int32Array(memory, 0, 2)
    this.#counts = new Float64Array(memory, countsAt, names.length)
    this.#note = new Uint8Array(memory, noteAt, noteBytes)
  }

  /** To be called at the beginning and at the end of every tick. */
  step(): void {
    Atomics.add(this.#words, Word.ticks, 1)
  }

  get ticks(): number {
    return Atomics.load(this.#words, Word.ticks)
  }

  get isInTick(): boolean {
    return (this.ticks & 1) === 1
  }

  set(counts: ThreadCounts): void {
    for (let i = 0; i < names.length; i++) this.#counts[i] = counts[names[i]!]
  }

  get(): ThreadCounts {
    const counts = { read: 0, committed: 0, handled: 0, deadLetters: 0, commits: 0 }
    for (let i = 0; i < names.length; i++) counts[names[i]!] = this.#counts[i]!
    return counts
  }

  /** What is being handled; '' when nothing is. */
  set note(text: string) {
    const { written } = encoder.encodeInto(text, this.#note)
    Atomics.store(this.#words, Word.noteLength, written)
  }

  get note(): string {
    const length = Atomics.load(this.#words, Word.noteLength)
    return utf8Read(this.#note.slice(), 0, length)
  }
}

const encoder = new TextEncoder()
