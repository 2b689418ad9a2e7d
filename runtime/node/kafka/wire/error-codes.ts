import { KafkaFailure } from '../failure.ts'
import { type ErrorEntry, errorEntries } from '../kafkajs/inside.ts'

const known: ReadonlyMap<number, ErrorEntry> = new Map(errorEntries.map((entry) => [entry.code, entry]))

/** Younger than the list. */
const producerFenced = 90

/** What a code in an answer means; undefined: nothing is wrong. */
export function failureOf(code: number, doing: string): KafkaFailure | undefined {
  if (code === 0) return undefined
  if (code === producerFenced)
    return new KafkaFailure('PRODUCER_FENCED', `${doing}: another producer has this transactional id now`, {
      retriable: false,
    })
  const { type, retriable, message } = known.get(code) ?? {
    type: `CODE_${code}`,
    retriable: false,
    message: 'an error that this client does not know',
  }
  return new KafkaFailure(type, `${doing}: ${type} (${message})`, { retriable })
}
