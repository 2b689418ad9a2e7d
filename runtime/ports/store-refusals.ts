import { MillraceError } from '../base/errors.ts'
import type { OpenedGroup } from './store.ts'

/** What every store says when it refuses, so that the simulated one is as clear as the real one. */

export function fenced(group: number, epoch: number, current: number): MillraceError {
  return new MillraceError(
    'MR_FENCED',
    `commit group ${group} was opened again: epoch ${epoch} gave way to ${current}`,
    {
      next: 'Stop this owner; the newer one goes on from the last commit',
    },
  )
}

/** S3. The store refuses because of what happened earlier: this call itself changed nothing. */
export function alreadyFailed(first: MillraceError): MillraceError {
  return new MillraceError(first.code, 'an earlier write failed, and after that the store takes no more', {
    next: first.next,
    cause: first,
  })
}

export function diskFull(doing: string, details: { certain: boolean; cause?: unknown }): MillraceError {
  return new MillraceError('MR_DISK_FULL', `could not ${doing}: no room is left`, {
    next: 'Free space and start again; nothing that was confirmed is lost',
    ...details,
  })
}

export function storeFailed(what: string, details: { certain: boolean; cause?: unknown }): MillraceError {
  return new MillraceError('MR_STORE_FAILED', what, {
    next: 'Start again: the last confirmed commit is safe. If it comes back, look at the disk',
    ...details,
  })
}

export function corrupt(what: string, details: { certain?: boolean; cause?: unknown } = {}): MillraceError {
  return new MillraceError('MR_STORE_CORRUPT', what, {
    next:
      'Copy the folder away before anything else, then restore it from a backup, or start with an empty one and let the ' +
      'sources be read again',
    ...details,
  })
}

/** S5. A group's records must be exactly those from `lowest` to `newest` (0: none yet). */
export function findLostRecord(
  group: number,
  expected: { readonly lowest: number; readonly newest: number },
  records: OpenedGroup['records'],
): MillraceError | undefined {
  for (let i = 0, number = expected.lowest; i < records.length || number <= expected.newest; i++, number++) {
    const found = records[i]?.number
    if (found === number && number <= expected.newest) continue
    const wanted = number <= expected.newest ? `record ${number}` : 'no more'
    return corrupt(
      `commit group ${group}: expected ${wanted}, found ${found === undefined ? 'none' : `record ${found}`}`,
    )
  }
  return undefined
}
