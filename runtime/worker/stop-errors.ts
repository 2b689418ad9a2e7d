import { MillraceError, messageOf } from '../base/errors.ts'

/** What a request is told that came to a worker which has stopped, or that was not answered when it did. */
export function stoppedError(cause: MillraceError | undefined): MillraceError {
  return new MillraceError('MR_STOPPED', `the worker has stopped${cause === undefined ? '' : `: ${cause.message}`}`, {
    next: 'Start it again: it goes on from its last commit. Whether this request took effect is unknown unless it had an id',
    certain: false,
    cause,
  })
}

export function asMillraceError(cause: unknown): MillraceError {
  if (cause instanceof MillraceError) return cause
  return new MillraceError('MR_STOPPED', `the worker met an error it does not know: ${messageOf(cause)}`, {
    next: 'Start it again; if it comes again, report it with its cause',
    cause,
  })
}
