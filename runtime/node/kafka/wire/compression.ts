import type { Buffer } from 'node:buffer'
import * as zlib from 'node:zlib'
import { KafkaFailure } from '../failure.ts'

const names = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const

/** Of Node 22.15 and later. */
const zstdDecompress = (zlib as { zstdDecompressSync?: (bytes: Uint8Array) => Buffer }).zstdDecompressSync

/**
 * The records of a batch, unpacked.
 * @param codec as the batch's attributes name it
 */
export function decompress(codec: number, bytes: Buffer): Buffer {
  if (codec === 1) return zlib.gunzipSync(bytes)
  if (codec === 4 && zstdDecompress !== undefined) return zstdDecompress(bytes)
  const name = names[codec] ?? `number ${codec}`
  throw new KafkaFailure('UNKNOWN_COMPRESSION', `records are compressed with ${name}, which cannot be read here`, {
    retriable: false,
  })
}

export type Compression = 'none' | 'gzip'

/** The codec's number for the attributes of a batch, and its records packed by it. */
export function compress(compression: Compression, bytes: Buffer): { readonly codec: number; readonly bytes: Buffer } {
  return compression === 'gzip' ? { codec: 1, bytes: zlib.gzipSync(bytes) } : { codec: 0, bytes }
}
