import { isUnder, type Reference, referencesOf, type SourceTree } from './source-tree.ts'

interface Layer {
  /** The folders it may import from, besides itself. */
  below: readonly string[]
  /** The npm packages it may import; `any` for layers that touch the platform (these may import `node:` too). */
  packages: readonly string[] | 'any'
}

const CORE = ['runtime/ports', 'runtime/shard', 'runtime/base']
const ALL = ['runtime/node', 'runtime/sim', 'runtime/worker', 'runtime/changelog', 'runtime/codec', ...CORE]

/** docs/architecture.md as data. Adding a package to a pure layer is a decision: it must run without a platform. */
export const LAYERS: Readonly<Record<string, Layer>> = {
  'runtime/base': { below: [], packages: [] },
  'runtime/shard': { below: ['runtime/base'], packages: [] },
  'runtime/ports': { below: ['runtime/shard', 'runtime/base'], packages: [] },
  'runtime/codec': { below: CORE, packages: ['msgpackr'] },
  'runtime/worker': { below: CORE, packages: [] },
  'runtime/changelog': { below: CORE, packages: [] },
  'runtime/sim': { below: ['runtime/worker', 'runtime/changelog', 'runtime/codec', ...CORE], packages: [] },
  'runtime/node': { below: ['runtime/worker', 'runtime/changelog', 'runtime/codec', ...CORE], packages: 'any' },
  api: { below: ALL, packages: 'any' },
  // Examples are a user's programs: anything from npm or Node, but of Millrace only what is published.
  examples: { below: [], packages: 'any' },
}

export function layersPointDown(tree: SourceTree): string[] {
  const problems: string[] = []
  for (const [path, text] of tree) {
    const folder = layerOf(path)
    if (folder === undefined) {
      if (isUnder(path, 'runtime')) problems.push(`${path} is in no layer: move it into one of ${ALL.join(', ')}.`)
      continue
    }
    for (const reference of referencesOf(path, text)) {
      const problem = judge(folder, LAYERS[folder]!, reference)
      if (problem !== undefined) problems.push(`${path}:${reference.line} ${problem}`)
    }
  }
  return problems
}

function judge(folder: string, layer: Layer, { specifier, target }: Reference): string | undefined {
  if (target !== undefined) {
    if (isUnder(target, folder) || layer.below.some((lower) => isUnder(target, lower))) return undefined
    return folder === 'examples'
      ? `imports ${target}, which is not published: import it from 'millrace' or 'millrace/...', as a user would.`
      : `imports ${target}, but ${folder} may only import ${layer.below.join(', ') || 'itself'}: move what both need into a lower layer, or pass it in from above.`
  }
  if (isMillrace(specifier)) {
    return folder === 'examples' ? undefined : `imports '${specifier}' from inside of it: import the file by its path.`
  }
  if (layer.packages === 'any' || layer.packages.includes(packageOf(specifier))) return undefined
  return `imports '${specifier}', but ${folder} is pure: put it behind a port and implement the port in runtime/node.`
}

export function layerOf(path: string): string | undefined {
  return Object.keys(LAYERS).find((folder) => isUnder(path, folder))
}

function isMillrace(specifier: string): boolean {
  return packageOf(specifier) === 'millrace'
}

function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}
