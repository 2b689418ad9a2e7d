import { MillraceError } from '../base/errors.ts'
import type { Codec } from './codec.ts'

/** A message that could not be handled, with all that is needed to understand it and to try it again. */
export interface DeadLetterData {
  code: string
  error: string
  /** Where it failed: file and line of the user's code where known. */
  where: string
  timeMs: number
  atMs: number
  /** record: `message` is the record as it was read. message: the message as bytes of the codec. */
  format: 'record' | 'message'
  message: Uint8Array
  entity?: string
  key?: string
  /** Stable name of the route, for trying again. */
  route?: string
  source?: string
  partition?: string
  position?: string
}

export function encodeDeadLetter(letter: DeadLetterData, codec: Codec): Uint8Array {
  return codec.encode(letter)
}

export function decodeDeadLetter(bytes: Uint8Array, codec: Codec): DeadLetterData {
  return codec.decode(bytes, 0, bytes.length) as DeadLetterData
}

export interface FailureDescription {
  readonly code: string
  readonly message: string
  readonly where: string
}

/** Where an error was thrown, when its message is known. */
export type PlaceOf = (error: Error, message: string) => string

/**
 * Code, message and place of anything that a user's code may throw.
 */
export function describeFailure(error: unknown, placeOf: PlaceOf = firstFrame): FailureDescription {
  if (error instanceof RemoteFailure) return { code: error.code, message: error.message, where: error.where }
  if (error instanceof StepFailure)
    return {
      ...describeFailure(error.cause, placeOf),
      code: error.cause instanceof MillraceError ? error.cause.code : error.code,
    }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  const code = error instanceof MillraceError ? error.code : 'MR_HANDLER_FAILED'
  return { code, message: message.slice(0, 2_000), where: error instanceof Error ? placeOf(error, message) : '' }
}

/**
 * A record that failed before it had a key: while it was decoded (MR_DECODE_FAILED) or in a pure step (MR_STEP_FAILED). It is no
 * Error: nobody throws it, and the stack of one costs as much as the user's own error.
 */
export class StepFailure {
  readonly code: 'MR_DECODE_FAILED' | 'MR_STEP_FAILED'
  readonly cause: unknown
  /** Where its dead letter is kept. */
  readonly shard: number

  constructor(code: 'MR_DECODE_FAILED' | 'MR_STEP_FAILED', cause: unknown, shard: number) {
    this.code = code
    this.cause = cause
    this.shard = shard
  }
}

/** The first place in the stack of an error: file and line where they are known. */
export function firstFrame({ stack }: Error): string {
  const frame = stack?.split('\n').find((line) => line.trimStart().startsWith('at '))
  return frame?.trim().slice(3) ?? ''
}

/** A record that failed at a reader of another group, on its way to the group that keeps its dead letter. */
export class RemoteFailure {
  readonly code: string
  readonly message: string
  readonly where: string
  readonly record: Uint8Array

  constructor(code: string, message: string, where: string, record: Uint8Array) {
    this.code = code
    this.message = message
    this.where = where
    this.record = record
  }

  static data(failure: StepFailure, record: Uint8Array, placeOf: PlaceOf): object {
    return { ...describeFailure(failure, placeOf), record }
  }

  static from(data: unknown): RemoteFailure {
    const { code, message, where, record } = data as {
      code: string
      message: string
      where: string
      record: Uint8Array
    }
    return new RemoteFailure(code, message, where, record)
  }
}
