import { WireReader, WireWriter } from './bytes.ts'
import type { WireCall } from './call.ts'
import { throwIfFailed } from './error-codes.ts'

/** A producer as brokers know it. */
export interface ProducerIdentity {
  readonly producerId: number
  readonly epoch: number
}

/** InitProducerId, version 1: Kafka 2.0 and later. */
export function initProducerCall(
  transactionalId: string | undefined,
  transactionTimeoutMs: number,
): WireCall<ProducerIdentity> {
  const doing = 'opening a producer'
  const request = new WireWriter()
  request.text(transactionalId ?? null)
  request.int32(transactionTimeoutMs)
  return {
    doing,
    key: 22,
    version: 1,
    request,
    waitMs: 0,
    read(bytes) {
      const reader = new WireReader(bytes, 4)
      throwIfFailed(reader.int16(), doing)
      return { producerId: reader.int64(), epoch: reader.int16() }
    },
  }
}

/** AddPartitionsToTxn, version 1: Kafka 2.0 and later. */
export function addPartitionsCall(
  transactionalId: string,
  { producerId, epoch }: ProducerIdentity,
  topics: ReadonlyMap<string, readonly number[]>,
): WireCall<void> {
  const doing = 'beginning a transaction'
  const request = new WireWriter()
  request.text(transactionalId)
  request.int64(producerId)
  request.int16(epoch)
  request.int32(topics.size)
  for (const [topic, partitions] of topics) {
    request.text(topic)
    request.int32(partitions.length)
    for (const partition of partitions) request.int32(partition)
  }
  return {
    doing,
    key: 24,
    version: 1,
    request,
    waitMs: 0,
    read(bytes) {
      const reader = new WireReader(bytes, 4)
      reader.eachPartition(() => throwIfFailed(reader.int16(), doing))
    },
  }
}

/** EndTxn, version 1: Kafka 2.0 and later. */
export function commitCall(transactionalId: string, { producerId, epoch }: ProducerIdentity): WireCall<void> {
  const doing = 'committing a transaction'
  const request = new WireWriter()
  request.text(transactionalId)
  request.int64(producerId)
  request.int16(epoch)
  request.int8(1)
  return {
    doing,
    key: 26,
    version: 1,
    request,
    waitMs: 0,
    read: (bytes) => throwIfFailed(new WireReader(bytes, 4).int16(), doing),
  }
}
