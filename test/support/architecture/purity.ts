import ts from 'typescript'
import { LAYERS, layerOf } from './layers.ts'
import { isUnder, lineOf, type SourceTree } from './source-tree.ts'

const TIME_REMEDY = 'time is an input of the step, or comes from the clock port'
const SEED_REMEDY = 'draw from a seeded generator (runtime/base/prng.ts)'
const WISH_REMEDY = 'the core is synchronous: return a wish, and let the worker carry it out'
const OUTPUT_REMEDY = 'throw a MillraceError, or report through the trace port'

const IMPURE_NAMES: Readonly<Record<string, string>> = {
  console: OUTPUT_REMEDY,
  performance: TIME_REMEDY,
  process: 'pass the setting in from above',
  globalThis: 'name what you need, so that this test can see it',
  crypto: SEED_REMEDY,
  setTimeout: TIME_REMEDY,
  setInterval: TIME_REMEDY,
  setImmediate: WISH_REMEDY,
  queueMicrotask: WISH_REMEDY,
}
const PROMISE_NAMES = ['Promise', 'PromiseLike', 'AsyncIterable', 'AsyncIterator', 'AsyncGenerator']

/** What the compiler cannot see: the language itself has a clock, a dice and promises. */
export function coreIsPure(tree: SourceTree): string[] {
  const problems: string[] = []
  for (const [path, text] of tree) {
    const folder = layerOf(path)
    if (folder === undefined || LAYERS[folder]!.packages === 'any') continue
    const promisesAllowed = !isUnder(path, 'runtime/base') && !isUnder(path, 'runtime/shard')
    const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
    const visit = (node: ts.Node): void => {
      const impurity = impurityOf(node, promisesAllowed)
      if (impurity !== undefined) problems.push(`${path}:${lineOf(text, node.getStart(file))} ${impurity}.`)
      ts.forEachChild(node, visit)
    }
    visit(file)
  }
  return problems
}

function impurityOf(node: ts.Node, promisesAllowed: boolean): string | undefined {
  if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) {
    const name = `${node.expression.text}.${node.name.text}`
    if (name === 'Date.now') return `Date.now is banned here: ${TIME_REMEDY}`
    if (name === 'Math.random') return `Math.random is banned here: ${SEED_REMEDY}`
  }
  if (ts.isNewExpression(node) && node.expression.getText() === 'Date' && !node.arguments?.length) {
    return `new Date() without an argument reads the clock: ${TIME_REMEDY}`
  }
  if (ts.isIdentifier(node) && isFreeName(node)) {
    const remedy = Object.hasOwn(IMPURE_NAMES, node.text) ? IMPURE_NAMES[node.text] : undefined
    if (remedy !== undefined) return `${node.text} is banned here: ${remedy}`
    if (!promisesAllowed && PROMISE_NAMES.includes(node.text)) return `${node.text} is banned here: ${WISH_REMEDY}`
  }
  if (promisesAllowed) return undefined
  if (node.kind === ts.SyntaxKind.AsyncKeyword) return `async is banned here: ${WISH_REMEDY}`
  if (ts.isAwaitExpression(node) || node.kind === ts.SyntaxKind.AwaitKeyword) {
    return `await is banned here: ${WISH_REMEDY}`
  }
  return undefined
}

/** Not `x.console`, `{ console: 1 }`, or a member or a parameter that merely has the name. */
function isFreeName(node: ts.Identifier): boolean {
  const { parent } = node
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node
  if (ts.isQualifiedName(parent)) return parent.left === node
  if (ts.isShorthandPropertyAssignment(parent)) return true
  if (ts.isBindingElement(parent)) return parent.initializer === node
  return !('name' in parent && parent.name === node)
}
