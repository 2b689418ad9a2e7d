import { MillraceError } from 'millrace'

/** The error of a program that is refused. */
export function failure(run: () => unknown): MillraceError {
  try {
    run()
  } catch (error) {
    if (error instanceof MillraceError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

/** What JavaScript may write, and TypeScript may not. */
export const anything = (value: unknown): never => value as never
