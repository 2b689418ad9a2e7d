import { isUnder, referencesOf, type SourceTree } from './source-tree.ts'

/** Which file of the tree names which others. */
function graphOf(tree: SourceTree): Map<string, string[]> {
  return new Map(
    [...tree]
      .filter(([path]) => path.endsWith('.ts'))
      .map(([path, text]) => [
        path,
        referencesOf(path, text).flatMap(({ target }) => (target !== undefined && tree.has(target) ? [target] : [])),
      ]),
  )
}

/** Of our own files, types included. Programs may: entities that send to each other import each other. */
export function noImportCycles(tree: SourceTree): string[] {
  const graph = graphOf(new Map([...tree].filter(([path]) => isUnder(path, 'runtime') || isUnder(path, 'api'))))
  const problems: string[] = []
  const done = new Set<string>()
  const open: string[] = []
  const visit = (path: string): void => {
    if (done.has(path)) return
    const start = open.indexOf(path)
    if (start >= 0) {
      const cycle = [...open.slice(start), path].join(' -> ')
      problems.push(`${cycle} is a cycle of imports: move what they share into a file of its own.`)
      return
    }
    open.push(path)
    for (const next of graph.get(path)!) visit(next)
    open.pop()
    done.add(path)
  }
  for (const path of graph.keys()) visit(path)
  return problems
}

/** The sources behind package.json's `exports` and `bin`. */
function publishedEntries(tree: SourceTree): string[] {
  const manifest = JSON.parse(tree.get('package.json') ?? '{}') as {
    exports?: Record<string, string | Record<string, string>>
    bin?: Record<string, string>
  }
  const exported = Object.values(manifest.exports ?? {}).flatMap((entry) =>
    typeof entry === 'string' ? [] : [entry['millrace:source'] ?? ''],
  )
  const commands = Object.values(manifest.bin ?? {}).map((path) => path.replace('/dist/', '/').replace(/\.js$/, '.ts'))
  return [...exported, ...commands].map((path) => path.replace(/^\.\//, ''))
}

export function entryPointsExist(tree: SourceTree): string[] {
  return publishedEntries(tree)
    .filter((path) => !tree.has(path))
    .map((path) => `package.json publishes ${path}, which does not exist: write it, or take it out of package.json.`)
}

export function noDeadFiles(tree: SourceTree): string[] {
  const graph = graphOf(tree)
  const live = new Set<string>()
  const visit = (path: string): void => {
    if (live.has(path)) return
    live.add(path)
    for (const next of graph.get(path) ?? []) visit(next)
  }
  for (const path of publishedEntries(tree)) visit(path)
  for (const path of graph.keys())
    if (['examples', 'test', 'bench'].some((folder) => isUnder(path, folder))) visit(path)
  return [...graph.keys()]
    .filter((path) => !live.has(path))
    .map((path) => `${path} is dead: no entry point, example, test or bench reaches it. Delete it, or use it.`)
}
