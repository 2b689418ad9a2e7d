import { MillraceError } from '../base/errors.ts'
import { type DeadLetterData, describeFailure, StepFailure } from '../shard/dead-letter.ts'
import type { Handled } from '../shard/handled.ts'
import type { Plan } from '../shard/plan.ts'
import type { Commit } from './history.ts'

export interface ExpectedLetter {
  readonly letter: DeadLetterData
  /** Whether the words of the error are the user's own, so that they are known. */
  readonly literal: boolean
}

/** The dead letter of a message that failed. `record`: the bytes of a record that did not get as far as an entity. */
export function expectedLetter(
  plan: Plan,
  handled: Handled,
  error: unknown,
  record: Uint8Array | undefined,
  commit: Commit,
): ExpectedLetter {
  const { code, message, where } = describeFailure(error)
  const { origin, key, route, timeMs } = handled
  const letter: DeadLetterData = {
    code,
    error: message,
    where,
    timeMs,
    atMs: commit.nowMs,
    message: record ?? handled.message,
    format: record === undefined ? 'message' : 'record',
  }
  if (origin.kind === 'record') {
    letter.source = plan.sources[origin.source]!.name
    letter.partition = origin.partition
    letter.position = String(origin.offset)
  }
  if (record === undefined) {
    letter.entity = plan.entities[plan.routes[route]!.entity]!.name
    letter.key = key
    letter.route = plan.routes[route]!.name
  }
  const thrown = error instanceof StepFailure ? error.cause : error
  const literal = thrown !== undefined && !(thrown instanceof MillraceError) && !(thrown instanceof TypeError)
  return { letter, literal }
}
