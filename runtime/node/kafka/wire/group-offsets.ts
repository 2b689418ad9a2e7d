import { WireReader, WireWriter } from './bytes.ts'
import type { WireCall } from './call.ts'
import { throwIfFailed } from './error-codes.ts'

/** OffsetCommit, version 5: Kafka 2.1 and later. Not as a member of the group: whoever only leaves offsets there names no generation. */
export function commitOffsetsCall(group: string, topic: string, offsets: ReadonlyMap<number, number>): WireCall<void> {
  const doing = `committing offsets of group ${group}`
  const request = new WireWriter()
  request.text(group)
  request.int32(-1)
  request.text('')
  request.int32(1)
  request.text(topic)
  request.int32(offsets.size)
  for (const [partition, offset] of offsets) {
    request.int32(partition)
    request.int64(offset)
    request.text(null)
  }
  return {
    doing,
    key: 8,
    version: 5,
    request,
    waitMs: 0,
    read(bytes) {
      const reader = new WireReader(bytes, 4)
      reader.eachPartition(() => throwIfFailed(reader.int16(), doing))
    },
  }
}

/** OffsetFetch, version 4: Kafka 2.0 and later. Partitions without an offset are left out. */
export function committedOffsetsCall(
  group: string,
  topic: string,
  partitions: readonly number[],
): WireCall<Map<number, number>> {
  const doing = `asking for offsets of group ${group}`
  const request = new WireWriter()
  request.text(group)
  request.int32(1)
  request.text(topic)
  request.int32(partitions.length)
  for (const partition of partitions) request.int32(partition)
  return {
    doing,
    key: 9,
    version: 4,
    request,
    waitMs: 0,
    read(bytes) {
      const reader = new WireReader(bytes, 4)
      const offsets = new Map<number, number>()
      reader.eachPartition((partition) => {
        const offset = reader.int64()
        reader.text() // what was written down with it
        throwIfFailed(reader.int16(), doing)
        if (offset >= 0) offsets.set(partition, offset)
      })
      throwIfFailed(reader.int16(), doing)
      return offsets
    },
  }
}
