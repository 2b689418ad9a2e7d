import { ByteWriter } from '../base/bytes.ts'

/**
 * What the handlers of a batch want the world to hear, in the order in which they said it. Everything is encoded at the
 * call (RULE 7): the bytes of an effect describe it whole, so two runs of a handler had the same effects exactly when they
 * wrote the same bytes. The columns repeat what the commit needs, so that nobody parses the bytes again.
 */
export class Effects {
  readonly payload: ByteWriter = new ByteWriter(1 << 16)
  count = 0
  readonly kinds: EffectKind[] = []
  /** output: the sink. */
  readonly targets: number[] = []
  /** The shard it leaves from. */
  readonly fromShards: number[] = []
  /** message: the shard it is for. */
  readonly toShards: number[] = []
  /** output: the key, where the sink has keys. */
  readonly keys: string[] = []
  /** output: its entry of the commit record is `payload.bytes[begins[i], ends[i])`. */
  readonly begins: number[] = []
  /** The message, or the encoded value, is `payload.bytes[starts[i], ends[i])`. */
  readonly starts: number[] = []
  readonly ends: number[] = []
  /** Only for a planted bug: outputs that are encoded at the commit instead. */
  readonly late: Map<number, unknown> = new Map()

  /** An output is written as the commit record has it, from `begin` on: there it is copied as it is. */
  addOutput(sink: number, shard: number, key: string, begin: number, start: number, end: number): void {
    this.begins[this.#add(EffectKind.output, sink, shard, 0, key, start, end)] = begin
  }

  addMessage(from: number, to: number, start: number, end: number): void {
    this.#add(EffectKind.message, 0, from, to, '', start, end)
  }

  addDeadLetter(shard: number, start: number, end: number): void {
    this.#add(EffectKind.deadLetter, 0, shard, 0, '', start, end)
  }

  #add(kind: EffectKind, target: number, from: number, to: number, key: string, start: number, end: number): number {
    const i = this.count++
    this.kinds[i] = kind
    this.targets[i] = target
    this.fromShards[i] = from
    this.toShards[i] = to
    this.keys[i] = key
    this.starts[i] = start
    this.ends[i] = end
    return i
  }

  truncate(count: number, payloadLength: number): void {
    this.count = count
    this.payload.length = payloadLength
    if (this.late.size > 0) for (const i of this.late.keys()) if (i >= count) this.late.delete(i)
  }

  clear(): void {
    this.truncate(0, 0)
  }
}

/**
 * output: to a sink. message: to a shard of another group, or waiting for the next commit. deadLetter: kept in the store. None is
 * the kind of a commit record's entry: that is what the bytes of an output begin with.
 */
export const EffectKind = { output: 0x20, message: 0x21, deadLetter: 0x22 } as const
export type EffectKind = (typeof EffectKind)[keyof typeof EffectKind]
