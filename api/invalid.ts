import { MillraceError } from '../runtime/base/errors.ts'

/** A program that cannot be run. `next` is the line to write instead. */
export function invalid(message: string, next: string): MillraceError {
  return new MillraceError('MR_PROGRAM_INVALID', message, { next })
}

const maxNameUnits = 128

/** Names are durable: they stand on disk, on the command line (`--in name=file`) and in the names of routes (`lines>word.seen`). */
export function checkName(what: string, name: unknown): void {
  if (typeof name !== 'string' || name === '') {
    throw invalid(`${what} has no name`, 'Give it one that will outlive the source text')
  }
  if (name.length > maxNameUnits)
    throw invalid(
      `${what} ${JSON.stringify(name)} has a name of ${name.length} characters`,
      `Use at most ${maxNameUnits}`,
    )
  if (!name.isWellFormed() || /[>#=|\p{Cc}]|^\s|\s$/u.test(name)) {
    throw invalid(
      `${what} ${JSON.stringify(name)} has a name that cannot be used`,
      'Leave out ">", "#", "=", "|", control characters and spaces around it',
    )
  }
}

/** Handlers follow their entity's name and a dot, so they hold none; and an entity is a plain object whose properties they are. */
export function checkHandlerName(entity: string, name: string): void {
  checkName(`a handler of entity ${JSON.stringify(entity)}`, name)
  if (name.includes('.') || name === '__proto__') {
    throw invalid(
      `entity ${JSON.stringify(entity)} has a handler called ${JSON.stringify(name)}`,
      'Call it by a plain name without dots',
    )
  }
}
