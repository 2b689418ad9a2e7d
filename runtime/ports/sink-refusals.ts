import { MillraceError } from '../base/errors.ts'

/** What every sink says when it refuses, so that the simulated one is as clear as the real ones. `where`: a path, or a sink's name. */

/** O5. */
export function sinkFenced(where: string): MillraceError {
  return new MillraceError('MR_FENCED', `another writer has opened ${where} since`, {
    next: 'One program writes to one place: stop the other one, or give one of them another path',
  })
}

/** A lane never goes back: its sink is ahead of the store that feeds it. */
export function laneWentBack(where: string, shard: number, number: number, known: number): MillraceError {
  return new MillraceError(
    'MR_SINK_DIVERGED',
    `output ${number} of shard ${shard} came to ${where} after output ${known}`,
    {
      next: 'The data folder is older than what it feeds: put back the one that was there, or start anew with an empty sink and a new data folder',
    },
  )
}

export function sinkFull(doing: string, details: { certain: boolean; cause?: unknown }): MillraceError {
  return new MillraceError('MR_DISK_FULL', `no room is left for ${doing}`, {
    next: 'Make room and start again: nothing is lost, outputs that were not written are kept and written then',
    ...details,
  })
}

export function sinkBroken(what: string, details: { certain: boolean; cause?: unknown }): MillraceError {
  return new MillraceError('MR_SINK_FAILED', what, {
    next: 'Look at the place and its permissions, and start again: outputs that were not written are kept',
    ...details,
  })
}
