import { existsSync } from 'node:fs'
import { register } from 'node:module'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { invalid } from '../invalid.ts'
import { loadProgram, type LoadedProgram } from '../run/load-program.ts'

/**
 * Loads a program, in TypeScript or JavaScript. TypeScript is translated by one loader on every version of Node.js, although
 * newer ones could do without: what a step's text looks like is part of a source's fingerprint, and must not depend on it.
 */
export async function loadFile(file: string): Promise<LoadedProgram> {
  const path = resolve(file)
  if (!existsSync(path)) throw invalid(`there is no file ${file}`, 'Give the path of a program, such as app.ts')
  const loader: string = '@oxc-node/core/register'
  await import(loader)
  const built = import.meta.url.endsWith('.js')
  const hooks = new URL('./one-copy.js', import.meta.url).href
  register(built ? hooks : hooks.replace(/js$/, 'ts'), {
    parentURL: import.meta.url,
    data: { home: new URL('../', import.meta.url).href, extension: built ? '.js' : '.ts' },
  })
  return await loadProgram(pathToFileURL(path))
}
