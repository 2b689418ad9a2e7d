import { MillraceError, messageOf } from '../../runtime/base/errors.ts'
import { maxMessageBytes } from '../../runtime/base/limits.ts'
import type { Plan } from '../../runtime/shard/plan.ts'

/** What `send`, `ask`, `get` and `scan` say when they cannot do what was asked. */

export function unknownHandler(plan: Plan, name: string): MillraceError {
  return new MillraceError(
    'MR_UNKNOWN_HANDLER',
    `pipeline ${JSON.stringify(plan.name)} has no handler ${JSON.stringify(name)}`,
    {
      next: 'List its entity in the pipeline: use(TheEntity)',
    },
  )
}

export function unknownEntity(plan: Plan, name: string): MillraceError {
  return new MillraceError(
    'MR_UNKNOWN_HANDLER',
    `pipeline ${JSON.stringify(plan.name)} has no entity ${JSON.stringify(name)}`,
    {
      next: 'List it in the pipeline: use(TheEntity)',
    },
  )
}

export function notEncodable(route: string, cause: unknown): MillraceError {
  return new MillraceError('MR_ENCODE_FAILED', `the message for ${route} cannot be sent: ${messageOf(cause)}`, {
    next: 'Send plain data',
    cause,
  })
}

export function tooLarge(route: string, sizeBytes: number): MillraceError {
  return new MillraceError(
    'MR_MESSAGE_TOO_LARGE',
    `the message for ${route} is ${sizeBytes} bytes, more than ${maxMessageBytes}`,
    {
      next: 'Split it, or keep the bulk elsewhere and send its name',
    },
  )
}

export function handlerFailed(route: string, key: string, cause: unknown): MillraceError {
  if (cause instanceof MillraceError) return cause
  return new MillraceError('MR_HANDLER_FAILED', `${route} failed for key ${JSON.stringify(key)}: ${messageOf(cause)}`, {
    next: 'Nothing was changed: correct the message or the handler, and send it again',
    cause,
  })
}

export function stoppedEarly(): MillraceError {
  return new MillraceError('MR_STOPPED', 'the program was stopped before it ran', {
    next: 'Run it again: nothing was read',
  })
}

/** `cause`: undefined when it was asked to stop. */
export function stoppedMeanwhile(cause: unknown): MillraceError {
  return new MillraceError('MR_STOPPED', 'the program has stopped before it came to this', {
    next: 'Start it again, and ask again: nothing was done',
    cause,
  })
}

export function workersNeedFile(workers: number): MillraceError {
  return new MillraceError(
    'MR_PROGRAM_INVALID',
    `this program cannot run on ${workers} workers: its functions cannot travel`,
    {
      next: "Give the file that exports it: run(new URL('./app.ts', import.meta.url), { workers })",
    },
  )
}

export function stdinNeedsOneWorker(workers: number): MillraceError {
  return new MillraceError('MR_PROGRAM_INVALID', `standard input cannot be read by one of ${workers} workers`, {
    next: 'Put the input into a file, or use one worker',
  })
}
