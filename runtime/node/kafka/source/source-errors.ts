import { MillraceError, messageOf } from '../../../base/errors.ts'
import { sourceReplaced, sourceShrank } from '../../../ports/source-refusals.ts'

/** `where`: topic and partition, as people write them. */
export function recordReplaced(where: string, offset: number): MillraceError {
  return sourceReplaced(where, `offset ${offset}`)
}

export function topicShrank(where: string, offset: number, end: number): MillraceError {
  return sourceShrank(where, `offset ${offset}`, `offset ${end}`)
}

export function topicGone(where: string, cause: unknown): MillraceError {
  return new MillraceError('MR_SOURCE_REPLACED', `${where} is no longer there`, {
    next: 'Restore the topic with what was in it. To read another one from its beginning, give it to a source with another name, or start with a new data folder',
    cause,
  })
}

export function recordsExpired(where: string, offset: number, low: number): MillraceError {
  return new MillraceError(
    'MR_SOURCE_EXPIRED',
    `offsets ${offset} to ${low - 1} of ${where} were removed (retention?) before they were read`,
    {
      next: "They are lost to this program. To go on behind them, run it with onExpired: 'skip' (in a URI: ?onExpired=skip); to start over, use a new data folder; then give the topic a longer retention",
    },
  )
}

export function topicNotReadable(where: string, cause: unknown): MillraceError {
  return new MillraceError('MR_SOURCE_FAILED', `cannot read ${where}: ${messageOf(cause)}`, {
    next: 'Check the brokers, the name of the topic and the right to read it, and start again: it goes on where it was',
    cause,
  })
}

export function offsetsNotCommitted(group: string, cause: unknown): MillraceError {
  return new MillraceError('MR_SOURCE_FAILED', `offsets cannot be shown under group ${group}: ${messageOf(cause)}`, {
    next: 'Grant the right to it, use another group, or leave it out with group: false (in a URI: ?group=): Millrace itself does not need it',
    cause,
  })
}
