import { expect } from 'vitest'
import { KafkaFailure } from '../../../runtime/node/kafka/failure.ts'

export async function failureOf(call: Promise<unknown>): Promise<KafkaFailure> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(KafkaFailure)
  return error as KafkaFailure
}
