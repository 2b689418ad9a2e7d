import type { OffsetAt } from '../client.ts'
import { WireReader, WireWriter } from './bytes.ts'
import type { WireCall } from './call.ts'
import { throwIfFailed } from './error-codes.ts'

/** ListOffsets, version 3: Kafka 2.0 and later. An offset of -1: no record is that young. */
export function listOffsetsCall(
  topic: string,
  partitions: readonly number[],
  at: OffsetAt,
): WireCall<Map<number, number>> {
  const doing = `asking for offsets of ${topic}`
  const request = new WireWriter()
  request.int32(-1)
  request.int8(at === 'high' ? 0 : 1)
  request.int32(1)
  request.text(topic)
  request.int32(partitions.length)
  for (const partition of partitions) {
    request.int32(partition)
    request.int64(at === 'low' ? -2 : at === 'high' || at === 'stable' ? -1 : at.sinceMs)
  }
  return {
    doing,
    key: 2,
    version: 3,
    request,
    waitMs: 0,
    read(bytes) {
      const reader = new WireReader(bytes, 4)
      const offsets = new Map<number, number>()
      reader.eachPartition((partition) => {
        throwIfFailed(reader.int16(), doing)
        reader.int64() // time of the record
        offsets.set(partition, reader.int64())
      })
      return offsets
    },
  }
}
