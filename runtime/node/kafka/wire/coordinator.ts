import { WireReader, WireWriter } from './bytes.ts'
import type { WireCall } from './call.ts'
import { throwIfFailed } from './error-codes.ts'

export type CoordinatorKind = 'group' | 'transaction'

/** FindCoordinator, version 2: Kafka 2.0 and later. Answers with a node. */
export function coordinatorCall(doing: string, kind: CoordinatorKind, id: string): WireCall<number> {
  const request = new WireWriter()
  request.text(id)
  request.int8(kind === 'group' ? 0 : 1)
  return {
    doing,
    key: 10,
    version: 2,
    request,
    waitMs: 0,
    read(bytes) {
      const reader = new WireReader(bytes, 4)
      throwIfFailed(reader.int16(), doing, reader.text())
      return reader.int32()
    },
  }
}
