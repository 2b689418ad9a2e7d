import { completeFile, type GivenEnds } from '../../cli/ends.ts'
import { type CompleteProgram, completeBindings } from '../../complete-bindings.ts'
import { loadProgram } from '../load-program.ts'

/** Where a program is. Functions cannot travel between threads: each loads the program by itself. */
export type ProgramReference =
  /** A file of the command line, and the ends that were given there. */
  | { readonly kind: 'file'; readonly file: string; readonly given: GivenEnds }
  | { readonly kind: 'url'; readonly href: string }

/** Throws MR_PROGRAM_INVALID and what is wrong with its ends. */
export async function loadComplete(reference: ProgramReference): Promise<CompleteProgram> {
  if (reference.kind === 'file') return await completeFile(reference.file, reference.given)
  const { pipeline, bindings } = await loadProgram(new URL(reference.href))
  return completeBindings(pipeline, bindings)
}
