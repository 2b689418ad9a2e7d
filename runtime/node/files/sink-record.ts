import { Buffer } from 'node:buffer'
import { crc32 } from 'node:zlib'
import { assert } from '../../base/assert.ts'
import { maxShardCount } from '../../base/limits.ts'
import type { LanePosition } from '../../ports/sink.ts'
import type { Framing } from './framing.ts'

/**
 * What a file sink remembers beside its file, in `<path>.millrace`: how long the file is, and up to which output of every lane
 * that length goes. Two slots are written in turn, so that a torn write leaves the record before it; the valid one with the
 * higher sequence counts. All numbers big-endian.
 *
 *      0 u32 magic 'MRS1'        16 f64 sequence                 40 u32 crc32 of content [checkedFrom, length)
 *      4 u32 crc32 of [8, size)  24 f64 length of the content    44 u32 nonce of whoever opened
 *      8 u32 size of the record  32 f64 checkedFrom              48 lanes: u16 shard, f64 number, u32 high, u32 low
 *     12 u8 framing, u8 0, u16 lanes
 */
const magic = 0x4d525331
const laneBytes = 18

export const headerBytes = 48
/** Where the second slot begins; the hole between them takes no room on the disk. */
export const slotBytes: number = 80 << 10

assert(headerBytes + maxShardCount * laneBytes <= slotBytes, 'a slot must hold a position of every lane')

const framings: readonly Framing[] = ['lines', 'u16', 'u32']

export interface SinkRecordHead {
  readonly framing: Framing
  readonly sequence: number
  /** Bytes of content. */
  readonly length: number
  /** The last part of the content, which is verified at open. */
  readonly checkedFrom: number
  readonly check: number
  readonly nonce: number
}

export interface SinkRecord extends SinkRecordHead {
  readonly positions: readonly LanePosition[]
}

/** The record as bytes that are patched from write to write: a commit touches what it changed and sums it up again. */
export class SinkRecordImage {
  readonly bytes: Buffer = Buffer.alloc(slotBytes)
  size: number = headerBytes
  /** Where the position of a lane is. */
  readonly #slots = new Map<number, number>()

  setPosition(position: LanePosition): void {
    let at = this.#slots.get(position.shard)
    if (at === undefined) {
      at = this.size
      this.size += laneBytes
      this.#slots.set(position.shard, at)
      this.bytes.writeUInt16BE(position.shard, at)
    }
    this.bytes.writeDoubleBE(position.number, at + 2)
    this.bytes.writeInt32BE(position.chainHigh, at + 10)
    this.bytes.writeInt32BE(position.chainLow, at + 14)
  }

  /** The number of the last output of a lane; 0: none yet. */
  numberOf(shard: number): number {
    const at = this.#slots.get(shard)
    return at === undefined ? 0 : this.bytes.readDoubleBE(at + 2)
  }

  seal(head: SinkRecordHead): void {
    const { bytes, size } = this
    bytes.writeUInt32BE(magic, 0)
    bytes.writeUInt32BE(size, 8)
    bytes.writeUInt8(framings.indexOf(head.framing), 12)
    bytes.writeUInt8(0, 13)
    bytes.writeUInt16BE(this.#slots.size, 14)
    bytes.writeDoubleBE(head.sequence, 16)
    bytes.writeDoubleBE(head.length, 24)
    bytes.writeDoubleBE(head.checkedFrom, 32)
    bytes.writeUInt32BE(head.check, 40)
    bytes.writeUInt32BE(head.nonce, 44)
    bytes.writeUInt32BE(crc32(bytes.subarray(8, size)), 4)
  }
}

/** The record of one slot; undefined when it is empty, torn or of another version. */
export function readSlot(slot: Buffer): SinkRecord | undefined {
  if (slot.readUInt32BE(0) !== magic || !isWhole(slot)) return undefined
  const size = slot.readUInt32BE(8)
  const framing = framings[slot.readUInt8(12)]
  const lanes = slot.readUInt16BE(14)
  if (framing === undefined || size !== headerBytes + lanes * laneBytes) return undefined
  const positions = Array.from({ length: lanes }, (_, i) => {
    const at = headerBytes + i * laneBytes
    return {
      shard: slot.readUInt16BE(at),
      number: slot.readDoubleBE(at + 2),
      chainHigh: slot.readInt32BE(at + 10),
      chainLow: slot.readInt32BE(at + 14),
    }
  })
  return {
    framing,
    sequence: slot.readDoubleBE(16),
    length: slot.readDoubleBE(24),
    checkedFrom: slot.readDoubleBE(32),
    check: slot.readUInt32BE(40),
    nonce: slot.readUInt32BE(44),
    positions,
  }
}

/** A record of ours that this version cannot read. Magic, checksum and size are where they are in every version. */
export function isOtherVersion(slot: Buffer): boolean {
  const found = slot.readUInt32BE(0)
  return found >>> 8 === magic >>> 8 && found !== magic && isWhole(slot)
}

function isWhole(slot: Buffer): boolean {
  const size = slot.readUInt32BE(8)
  return size >= headerBytes && size <= slot.length && crc32(slot.subarray(8, size)) === slot.readUInt32BE(4)
}

/** What tells one opener's slot from another's, without summing it up: the sequence and the nonce. */
export function readOwner(header: Buffer): { readonly sequence: number; readonly nonce: number } | undefined {
  if (header.readUInt32BE(0) !== magic) return undefined
  return { sequence: header.readDoubleBE(16), nonce: header.readUInt32BE(44) }
}
