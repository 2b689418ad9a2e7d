import type { LinkSet } from '../../runtime/shard/lanes/links.ts'

/** One message that the steps make of a record. */
export interface Emission {
  readonly shard: number
  readonly route: number
  readonly key: string
  readonly index: number
  readonly timeMs: number
  readonly bytes: Uint8Array
}

/** What a reader does with a record of source 0; emissions for the own group it keeps. */
export function writeRecord(
  to: Pick<LinkSet, 'beginRecord' | 'emit' | 'endRecord'>,
  partition: string,
  offset: number,
  next: number,
  emissions: readonly Emission[],
): void {
  to.beginRecord(0, partition, offset, next)
  for (const { shard, route, key, index, timeMs, bytes } of emissions) to.emit(shard, route, key, index, timeMs, bytes)
  to.endRecord()
}
