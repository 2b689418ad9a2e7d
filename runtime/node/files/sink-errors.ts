import { MillraceError, messageOf } from '../../base/errors.ts'
import { sinkBroken, sinkFull } from '../../ports/sink-refusals.ts'

const startOver =
  'Put the file back as it was (from a backup, together with its .millrace record), or start anew: a new data folder and a new output file'

export function sinkDiverged(message: string, next: string = startOver): MillraceError {
  return new MillraceError('MR_SINK_DIVERGED', message, { next })
}

/** `certain`: nothing of the batch can be in effect, now or after a restart. */
export function sinkFailed(path: string, doing: string, cause: unknown, certain: boolean): MillraceError {
  if (cause instanceof MillraceError) return cause
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (code === 'ENOSPC' || code === 'EDQUOT') return sinkFull(`${doing} ${path}`, { certain, cause })
  return sinkBroken(`failed while ${doing} ${path}: ${messageOf(cause)}`, { certain, cause })
}
