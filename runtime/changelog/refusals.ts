import { MillraceError } from '../base/errors.ts'
import type { Claim } from './judge.ts'

/** What was accepted is no longer in the log. */
export function logDiverged(group: number, what: string): MillraceError {
  return new MillraceError('MR_LOG_DIVERGED', `partition ${group} of the changelog ${what}`, {
    next:
      'Somebody made the topic anew, or brokers have lost records. Keep the data folders: they may be the only place that has ' +
      'what is missing. If it was made anew on purpose, remove them',
  })
}

export function newerProgram(group: number, found: number, own: number): MillraceError {
  return new MillraceError(
    'MR_PROGRAM_CHANGED',
    `version ${found} of the program has committed to group ${group}, and this is version ${own}`,
    { next: 'Run the newer version here, too' },
  )
}

/** A claim that divides the shards otherwise. */
export function dividedOtherwise(group: number, found: Claim, own: Claim): MillraceError {
  const name = (claim: Claim): string => `${claim.shardCount} shards in ${claim.groupCount} groups`
  const code = found.shardCount === own.shardCount ? 'MR_SHARD_MAP_DIFFERS' : 'MR_SHARD_COUNT_CHANGED'
  return new MillraceError(code, `group ${group} belongs to ${name(found)}, and this process has ${name(own)}`, {
    next: 'Start every process of the application with the numbers that it was created with',
  })
}
