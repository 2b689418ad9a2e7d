import { MillraceError, messageOf } from '../../runtime/base/errors.ts'

/** An offloaded step that cannot be used as it stands. `next` is what to write instead. */
export function invalidOffload(message: string, next: string, cause?: unknown): MillraceError {
  return new MillraceError('MR_OFFLOAD_INVALID', message, { next, cause })
}

export function timedOut(step: string, timeoutMs: number): MillraceError {
  return nowhere(
    new MillraceError('MR_OFFLOAD_TIMEOUT', `${step} took longer than ${timeoutMs} ms, and its thread was ended`, {
      next: 'Find out why, or give it more time: offload(import.meta.url, ..., { timeoutMs }); then retry the dead letter',
    }),
  )
}

export function threadLost(step: string, attempts: number, cause: unknown): MillraceError {
  return nowhere(
    new MillraceError(
      'MR_OFFLOAD_THREAD_LOST',
      `the thread that ran ${step} died ${attempts} times over the same value: ${messageOf(cause)}`,
      { next: 'Correct the step (it ran out of memory, or called process.exit); then retry the dead letter', cause },
    ),
  )
}

export function notSendable(what: string, cause: unknown): MillraceError {
  return nowhere(
    new MillraceError('MR_ENCODE_FAILED', `${what} cannot travel between threads: ${messageOf(cause)}`, {
      next: 'Give plain data to an offloaded step, and return plain data from it',
      cause,
    }),
  )
}

export function stepsDiffer(source: string): MillraceError {
  return new MillraceError(
    'MR_STEPS_DIFFER',
    `the steps behind source ${JSON.stringify(source)} asked for other offloaded work when they were run again`,
    { next: 'A step may depend on nothing but its value: find the one that reads the clock, chance or a variable' },
  )
}

/** It happened to the step, and not where it was noticed: a dead letter shows no such place. */
function nowhere(error: MillraceError): MillraceError {
  error.stack = `${error.name}: ${error.message}`
  return error
}
