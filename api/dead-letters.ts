import { createCodec } from '../runtime/codec/codec.ts'
import type { SinkDefinition } from './end-definition.ts'
import { sinkOf } from './end-definition.ts'
import { sink } from './ends.ts'
import type { Sink } from './ends.ts'
import { encoding } from './formats.ts'

/** A message that could not be handled, and why. */
export interface DeadLetter {
  readonly code: string
  readonly error: string
  /** Where it failed: file and line of the user's code where known. */
  readonly where: string
  readonly timeMs: number
  /** record: `message` is the record as it was read. message: the message of an entity, as Millrace encodes it. */
  readonly format: 'record' | 'message'
  readonly message: Uint8Array
  readonly entity?: string
  readonly key?: string
  readonly source?: string
  readonly partition?: string
  readonly position?: string
}

/** Where poison goes. An end like any other: `deadLetters.to(file('dead.ndjson'))`. Kept in the store when unbound. */
export const deadLetters: Sink<DeadLetter> = sink('dead-letters', encoding(deadLetterLine))

/** The same end as `compile` and `bind` see it. */
export const deadLettersEnd: SinkDefinition = sinkOf(deadLetters)!

const codec = createCodec()
const strictText = new TextDecoder('utf-8', { fatal: true })

/** A line of JSON for people and their tools: the message is shown as text or data where it can be, else as base64. */
function deadLetterLine(letter: DeadLetter): string {
  return JSON.stringify({ ...letter, message: shown(letter) }, readable)
}

function shown({ format, message }: DeadLetter): unknown {
  try {
    if (format === 'message') return codec.decode(message, 0, message.length)
    return strictText.decode(message)
  } catch {
    return { base64: Buffer.from(message).toString('base64') }
  }
}

/** Whatever JSON lacks, shown as what is nearest to it. */
function readable(_name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  if (value instanceof Map) return [...value]
  if (value instanceof Set) return [...value]
  if (value instanceof Uint8Array) return { base64: Buffer.from(value).toString('base64') }
  return value
}
