import { readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

/** Files by their path from the root of the repository. A plain map, so that rules can be tried on files that do not exist. */
export type SourceTree = ReadonlyMap<string, string>

export interface Reference {
  /** As written: './lane.ts', 'node:fs', 'millrace'. */
  specifier: string
  /** The file of the tree that is meant, if the reference is relative; it need not exist. */
  target: string | undefined
  line: number
}

const FOLDERS = ['runtime', 'api', 'examples', 'test', 'bench']

/** The TypeScript files of this checkout, and its package.json. */
export function readCheckout(): SourceTree {
  const root = fileURLToPath(new URL('../../../', import.meta.url))
  const paths = FOLDERS.flatMap((folder) =>
    readdirSync(root + folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts') && !path.includes('node_modules'))
      .map((path) => posix.join(folder, path.replaceAll('\\', '/'))),
  )
  return new Map(['package.json', ...paths.toSorted()].map((path) => [path, readFileSync(root + path, 'utf8')]))
}

export function isUnder(path: string, folder: string): boolean {
  return path.startsWith(`${folder}/`)
}

/** Every file or package that a source file names: imports of all kinds, and `new URL('./thread.ts', import.meta.url)`. */
export function referencesOf(path: string, text: string): Reference[] {
  const found: Reference[] = []
  const add = (specifier: string, position: number): void => {
    found.push({ specifier, target: targetOf(path, specifier), line: lineOf(text, position) })
  }
  for (const imported of ts.preProcessFile(text, true, true).importedFiles) add(imported.fileName, imported.pos)
  for (const match of text.matchAll(/new URL\(\s*['"](\.[^'"]+\.[jt]s)['"]/g)) add(match[1]!, match.index)
  return found
}

export function lineOf(text: string, position: number): number {
  return text.slice(0, position).split('\n').length
}

function targetOf(path: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined
  return posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.ts')
}
