import type { WireCall } from './call.ts'
import { WireReader, WireWriter } from './bytes.ts'
import { throwIfFailed } from './error-codes.ts'

const deletingMs = 10_000

/** DeleteRecords, version 1: Kafka 2.0 and later. To whoever leads the partition. */
export function deleteRecordsCall(topic: string, partition: number, before: number): WireCall<void> {
  const doing = `deleting records of partition ${partition} of ${topic}`
  const request = new WireWriter()
  request.int32(1)
  request.text(topic)
  request.int32(1)
  request.int32(partition)
  request.int64(before)
  request.int32(deletingMs)
  return {
    doing,
    key: 21,
    version: 1,
    request,
    waitMs: deletingMs,
    read(bytes) {
      const reader = new WireReader(bytes, 4)
      for (let topics = reader.count(); topics > 0; topics--) {
        reader.text()
        for (let count = reader.count(); count > 0; count--) {
          reader.int32()
          reader.int64() // the first offset that is left
          throwIfFailed(reader.int16(), doing)
        }
      }
    },
  }
}
