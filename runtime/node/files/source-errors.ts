import { MillraceError, messageOf } from '../../base/errors.ts'
import { sourceReplaced, sourceShrank } from '../../ports/source-refusals.ts'

export function fileNotReadable(path: string, cause: unknown): MillraceError {
  return new MillraceError('MR_SOURCE_FAILED', `cannot read ${path}: ${messageOf(cause)}`, {
    next: 'Check the path, and that it is a regular file which this user may read',
    cause,
  })
}

export function fileShrank(path: string, position: number, size: number): MillraceError {
  return sourceShrank(path, `byte ${position}`, `byte ${size}`)
}

export function fileReplaced(path: string, position: number): MillraceError {
  return sourceReplaced(path, `byte ${position}`)
}

export function fileEnded(path: string, position: number): MillraceError {
  return new MillraceError(
    'MR_SOURCE_REPLACED',
    `${path} was moved, removed or replaced while it was followed (log rotation?); everything up to byte ${position} was read`,
    {
      next: 'A source is one file that only grows. Let the writer append to one file, or put rotated files through a source of their own, each under its own name',
    },
  )
}
