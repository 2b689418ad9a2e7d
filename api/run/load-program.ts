import { MillraceError, messageOf } from '../../runtime/base/errors.ts'
import type { Binding } from '../ends.ts'
import { invalid } from '../invalid.ts'
import type { Pipeline } from '../pipeline.ts'
import { programOf } from '../program.ts'

export interface LoadedProgram {
  readonly pipeline: Pipeline
  readonly bindings: readonly Binding[]
  /** What its file exports as `simulation`, for `millrace sim`. */
  readonly simulation?: unknown
}

/** What a file exports by default. Throws MR_PROGRAM_INVALID. */
export async function loadProgram(url: URL): Promise<LoadedProgram> {
  let module: { readonly default?: unknown; readonly simulation?: unknown }
  try {
    module = (await import(url.href)) as typeof module
  } catch (error) {
    if (error instanceof MillraceError) throw error
    throw new MillraceError('MR_PROGRAM_INVALID', `${shown(url)} cannot be loaded: ${messageOf(error)}`, {
      next: nextMove(error),
      cause: error,
    })
  }
  const program = programOf(module.default)
  if (program !== undefined) return { ...program, simulation: module.simulation }
  const what =
    module.default === undefined ? 'exports nothing by default' : 'exports something else than a program by default'
  throw invalid(`${shown(url)} ${what}`, 'Write export default bind(pipeline, [...]), or export default pipeline(...)')
}

function nextMove(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION')
    return 'Start Node.js with --import @oxc-node/core/register, or run the file with `npx millrace run`'
  if (code === 'ERR_MODULE_NOT_FOUND') return 'Check the path of the file, and what it imports'
  return 'Correct it, and run it again'
}

function shown(url: URL): string {
  return decodeURIComponent(url.pathname)
}
