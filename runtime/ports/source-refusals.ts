import { MillraceError } from '../base/errors.ts'

/** What every source says when it is not what it was (R4), so that the simulated one is as clear as the real ones. */

const startOver =
  'Put back what was read, with new records behind it. To read something else from its beginning, give it to a source with another name, or start with a new data folder'

/** `position` and `size` come with their unit: 'byte 7', 'record 3'. */
export function sourceShrank(what: string, position: string, size: string): MillraceError {
  return new MillraceError('MR_SOURCE_SHRANK', `${what} was read up to ${position} and now ends at ${size}`, {
    next: startOver,
  })
}

export function sourceReplaced(what: string, position: string): MillraceError {
  return new MillraceError(
    'MR_SOURCE_REPLACED',
    `${what} is not what was read up to ${position}: something else is there`,
    {
      next: startOver,
    },
  )
}
