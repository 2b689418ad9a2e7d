import { MillraceError, messageOf } from '../../base/errors.ts'

const startOver =
  'Put the file back as it was (from a backup, together with its .millrace record), or start anew: a new data folder and a new output file'

export function sinkDiverged(message: string, next: string = startOver): MillraceError {
  return new MillraceError('MR_SINK_DIVERGED', message, { next })
}

/** `certain`: nothing of the batch can be in effect, now or after a restart. */
export function sinkFailed(path: string, doing: string, cause: unknown, certain: boolean): MillraceError {
  if (cause instanceof MillraceError) return cause
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new MillraceError('MR_DISK_FULL', `no room left while ${doing} ${path}`, {
      next: 'Make room and start again: nothing is lost, outputs that were not written are kept and written then',
      certain,
      cause,
    })
  }
  return new MillraceError('MR_SINK_FAILED', `failed while ${doing} ${path}: ${messageOf(cause)}`, {
    next: 'Check the path, its directory and permissions, and the disk, then start again: outputs that were not written are kept',
    certain,
    cause,
  })
}
