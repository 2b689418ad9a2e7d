import type { BrokerAddress } from '../connection.ts'
import { WireReader, WireWriter } from './bytes.ts'
import type { WireCall } from './call.ts'
import { throwIfFailed } from './error-codes.ts'

export interface Metadata {
  readonly nodes: ReadonlyMap<number, BrokerAddress>
  readonly controller: number
  /** The node that leads each partition of the topic; -1: none does now. Empty if no topic was asked for. */
  readonly leaders: ReadonlyMap<number, number>
}

/** Metadata, version 6: Kafka 2.0 and later. */
export function metadataCall(doing: string, topic?: string): WireCall<Metadata> {
  const request = new WireWriter()
  request.int32(topic === undefined ? 0 : 1)
  if (topic !== undefined) request.text(topic)
  request.int8(0) // do not make the topic
  return {
    doing,
    key: 3,
    version: 6,
    request,
    waitMs: 0,
    read(bytes) {
      const reader = new WireReader(bytes, 4)
      const nodes = new Map<number, BrokerAddress>()
      for (let count = reader.count(); count > 0; count--) {
        const node = reader.int32()
        nodes.set(node, { host: reader.text(), port: reader.int32() })
        reader.text() // rack
      }
      reader.text() // name of the cluster
      const controller = reader.int32()
      const leaders = new Map<number, number>()
      for (let count = reader.count(); count > 0; count--) readTopic(reader, doing, leaders)
      return { nodes, controller, leaders }
    },
  }
}

function readTopic(reader: WireReader, doing: string, leaders: Map<number, number>): void {
  throwIfFailed(reader.int16(), doing)
  reader.text()
  reader.int8() // of Kafka's own
  for (let count = reader.count(); count > 0; count--) {
    reader.int16() // why nobody leads it, or what is wrong with its copies
    const partition = reader.int32()
    leaders.set(partition, reader.int32())
    for (let lists = 3; lists > 0; lists--) for (let copies = reader.count(); copies > 0; copies--) reader.int32()
  }
}
