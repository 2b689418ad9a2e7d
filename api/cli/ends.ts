import { bindByName, rebind } from '../bind.ts'
import { type CompleteProgram, completeBindings } from '../complete-bindings.ts'
import type { RealEnd } from '../real-end.ts'
import type { LoadedProgram } from '../run/load-program.ts'
import { loadFile } from './load-file.ts'

/** `--in NAME=URI` or `--out NAME=URI`. */
export interface GivenEnd {
  readonly name: string
  readonly end: RealEnd
}

export interface GivenEnds {
  readonly in: readonly GivenEnd[]
  readonly out: readonly GivenEnd[]
}

/** The program of a file with the ends of the command line, which come before its own. */
export async function bindFile(file: string, given: GivenEnds): Promise<LoadedProgram> {
  const { pipeline, bindings, simulation } = await loadFile(file)
  const named = [
    ...given.in.map(({ name, end }) => bindByName(pipeline, 'source', name, end)),
    ...given.out.map(({ name, end }) => bindByName(pipeline, 'sink', name, end)),
  ]
  return { pipeline, bindings: rebind(bindings, named), simulation }
}

export async function completeFile(file: string, given: GivenEnds): Promise<CompleteProgram> {
  const { pipeline, bindings } = await bindFile(file, given)
  return completeBindings(pipeline, bindings)
}
