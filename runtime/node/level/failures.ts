import { MillraceError, messageOf } from '../../base/errors.ts'
import { corrupt, diskFull, storeFailed } from '../../ports/store-refusals.ts'

/**
 * What went wrong in LevelDB, as an error that says what to do. `doing` completes "could not ...". `certain`: nothing of what
 * was asked can have happened.
 */
export function storeFailure(cause: unknown, doing: string, certain: boolean): MillraceError {
  if (cause instanceof MillraceError) return cause
  const text = wholeMessageOf(cause)
  const what = `could not ${doing}: ${text}`
  if (/no space left|not enough space|quota exceeded|file too large|ENOSPC|EDQUOT|EFBIG/i.test(text))
    return diskFull(doing, { certain, cause })
  if (/LEVEL_CORRUPTION|corruption:/i.test(text)) return corrupt(what, { certain, cause })
  return storeFailed(what, { certain, cause })
}

export function lostLock(path: string): MillraceError {
  return new MillraceError('MR_STORE_LOST_LOCK', `the lock of ${path} was removed or taken by somebody else`, {
    next: 'Find out who removes files there, then start again; nothing was written since this was seen',
  })
}

export function stopped(): MillraceError {
  return new MillraceError('MR_STOPPED', 'the store is closed', { next: 'Open it again' })
}

/** LevelDB's own words are two causes deep. */
function wholeMessageOf(error: unknown): string {
  const parts: string[] = []
  for (let at: unknown = error; at !== undefined && parts.length < 4; at = at instanceof Error ? at.cause : undefined) {
    const code = at instanceof Error && 'code' in at ? `${String(at.code)} ` : ''
    parts.push(code + messageOf(at))
  }
  return parts.join(': ')
}
