import type { Buffer } from 'node:buffer'
import type { FetchedPartition, FetchRequest } from '../client.ts'
import { failureOf } from './error-codes.ts'
import { WireReader, WireWriter } from './bytes.ts'
import { type Aborted, readRecordBatches } from './record-batches.ts'
import type { WireCall } from './call.ts'

/** Fetch, version 11: Kafka 2.3 and later. */
export function fetchCall({
  topic,
  wants,
  maxWaitMs,
  maxBytes,
  isolation,
}: FetchRequest): WireCall<FetchedPartition[]> {
  const request = new WireWriter()
  request.int32(-1)
  request.int32(maxWaitMs)
  request.int32(1)
  request.int32(maxBytes)
  request.int8(isolation === 'read_committed' ? 1 : 0)
  request.int32(0) // no session
  request.int32(-1)
  request.int32(1)
  request.text(topic)
  request.int32(wants.length)
  for (const { partition, offset, maxBytes } of wants) {
    request.int32(partition)
    request.int32(-1)
    request.int64(offset)
    request.int64(-1)
    request.int32(maxBytes)
  }
  request.int32(0)
  request.text('')
  const offsets = new Map(wants.map(({ partition, offset }) => [partition, offset]))
  return {
    doing: `reading ${topic}`,
    key: 1,
    version: 11,
    request,
    waitMs: maxWaitMs,
    read: (bytes) => readFetched(bytes, offsets, isolation === 'read_committed'),
  }
}

function readFetched(bytes: Buffer, offsets: ReadonlyMap<number, number>, committed: boolean): FetchedPartition[] {
  const reader = new WireReader(bytes)
  reader.at += 4 // throttled by the broker itself
  const failure = failureOf(reader.int16(), 'reading')
  if (failure !== undefined) throw failure
  reader.at += 4
  const found: FetchedPartition[] = []
  reader.eachPartition((partition) => {
    const failure = failureOf(reader.int16(), `reading partition ${partition}`)
    const highWatermark = reader.int64()
    const lastStable = reader.int64()
    const low = reader.int64()
    const aborted: Aborted[] = []
    for (let count = reader.count(); count > 0; count--)
      aborted.push({ producerId: reader.int64(), firstOffset: reader.int64() })
    reader.at += 4
    const size = reader.count()
    const start = reader.at
    reader.at += size
    const end = committed ? lastStable : highWatermark
    const offset = offsets.get(partition)!
    if (failure !== undefined) found.push({ partition, failure, low, end, columns: [], next: offset })
    else {
      aborted.sort((a, b) => a.firstOffset - b.firstOffset)
      const records = readRecordBatches(bytes, start, start + size, offset, aborted)
      found.push({ partition, failure, low, end, ...records })
    }
  })
  return found
}
