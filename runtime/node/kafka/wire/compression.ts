import { Buffer } from 'node:buffer'
import { createRequire } from 'node:module'
import * as zlib from 'node:zlib'
import { decompress as unpackZstd } from 'fzstd'
import { KafkaFailure } from '../failure.ts'

const require = createRequire(import.meta.url)
// Neither has types.
const { uncompress: unpackSnappyBlock } = require('snappyjs') as { uncompress(bytes: Uint8Array): Uint8Array }
const { decompress: unpackLz4 } = require('lz4js') as { decompress(bytes: Uint8Array): Uint8Array }

/** Of Node 22.15 and later, and faster. */
const { zstdDecompressSync } = zlib as { zstdDecompressSync?: (bytes: Uint8Array) => Buffer }

/** By the number that the attributes of a batch name. */
const unpackers: Readonly<Record<number, (bytes: Buffer) => Uint8Array>> = {
  1: zlib.gunzipSync,
  2: unpackSnappy,
  3: unpackLz4,
  4: zstdDecompressSync ?? unpackZstd,
}

/** The records of a batch, unpacked. */
export function decompress(codec: number, bytes: Buffer): Buffer {
  const unpack = unpackers[codec]
  if (unpack === undefined)
    throw new KafkaFailure(
      'UNKNOWN_COMPRESSION',
      `records are compressed in a way (number ${codec}) that is not known`,
      {
        retriable: false,
      },
    )
  const unpacked = unpack(bytes)
  return Buffer.from(unpacked.buffer, unpacked.byteOffset, unpacked.length)
}

/** What the Java client puts in front of blocks of snappy. */
const javaMagic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])
const javaHeaderBytes = 16

/** One block, as most clients write it, or a stream of blocks with their lengths, as the Java client does. */
function unpackSnappy(bytes: Buffer): Uint8Array {
  if (!bytes.subarray(0, javaMagic.length).equals(javaMagic)) return unpackSnappyBlock(bytes)
  const blocks: Uint8Array[] = []
  for (let at = javaHeaderBytes; at < bytes.length; ) {
    const end = at + 4 + bytes.readUInt32BE(at)
    blocks.push(unpackSnappyBlock(bytes.subarray(at + 4, end)))
    at = end
  }
  return Buffer.concat(blocks)
}

export type Compression = 'none' | 'gzip'

/** The codec's number for the attributes of a batch, and its records packed by it. */
export function compress(compression: Compression, bytes: Buffer): { readonly codec: number; readonly bytes: Buffer } {
  return compression === 'gzip' ? { codec: 1, bytes: zlib.gzipSync(bytes) } : { codec: 0, bytes }
}
