import { Chain } from '../../../base/hash.ts'
import type { RecordColumns } from '../wire/record-batches.ts'

/** The record just before a position, as far as it can be told from another one. */
export interface RecordProof {
  readonly offset: number
  readonly hash: string
}

/** Record `i` of these. */
export function proofOf(
  { buffer, starts, ends, offsets, timesMs, keyStarts, keyEnds }: RecordColumns,
  i: number,
): RecordProof {
  const chain = new Chain(Math.floor(timesMs[i]! / 0x1_0000_0000), timesMs[i]! % 0x1_0000_0000)
  if (keyStarts[i]! >= 0) chain.add(buffer, keyStarts[i]!, keyEnds[i]!)
  chain.add(buffer, starts[i]!, ends[i]!)
  return { offset: offsets[i]!, hash: chain.toString() }
}

export function writeProof({ offset, hash }: RecordProof): string {
  return `${offset}:${hash}`
}

/** Undefined: it vouches for nothing. */
export function readProof(proof: string): RecordProof | undefined {
  const [offset = '', hash = ''] = proof.split(':')
  return proof === '' ? undefined : { offset: Number(offset), hash }
}
