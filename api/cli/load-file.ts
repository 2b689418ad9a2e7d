import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { invalid } from '../invalid.ts'
import { loadProgram, type LoadedProgram } from '../run/load-program.ts'
import { useLoader } from './use-loader.ts'

/** Loads a program, in TypeScript or JavaScript. */
export async function loadFile(file: string): Promise<LoadedProgram> {
  const path = resolve(file)
  if (!existsSync(path)) throw invalid(`there is no file ${file}`, 'Give the path of a program, such as app.ts')
  await useLoader()
  return await loadProgram(pathToFileURL(path))
}
