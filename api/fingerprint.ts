import { Chain } from '../runtime/base/hash.ts'
import { utf8Length, utf8Write } from '../runtime/base/utf8.ts'
import type { SourceDefinition } from './end-definition.ts'
import type { Node } from './graph.ts'

/**
 * Names the pure steps between a source and what has state (RULE 8): how it decodes and dates, every step and its text, and where
 * its values go. Two programs with the same fingerprint make the same messages of the same records, as far as texts can tell: a
 * value that a step takes from outside its text (a table, an imported function) is not seen.
 */
export function fingerprint(origin: Node, names: ReadonlyMap<Node, string>): string {
  const { source } = origin.step as Node['step'] & { kind: 'source' }
  const lines: string[] = [sourceText(source)]
  const numbers = new Map<Node, number>()
  // Receivers are named by the order in which they are first met: the same graph gives the same lines, wherever it stands.
  const visit = (node: Node): number => {
    const known = numbers.get(node)
    if (known !== undefined) return known
    const number = numbers.size
    numbers.set(node, number)
    const next = node.step.kind === 'to' ? [] : receivers(node).map(visit)
    lines.push(`${number} ${stepText(node, names)} -> ${next.join(' ')}`)
    return number
  }
  visit(origin)
  return hash(lines.join('\n'))
}

/** The order of a branch's cases says nothing: a value has one word. */
function receivers({ step, next }: Node): readonly Node[] {
  return step.kind === 'branch' ? [...next].sort((a, b) => (wordOf(a) < wordOf(b) ? -1 : 1)) : next
}

function wordOf({ step }: Node): string {
  return step.kind === 'case' ? step.word : ''
}

function sourceText({ name, decodeText, time, key }: SourceDefinition): string {
  const timeText = time === undefined ? 'no time' : flat(String(time))
  return `${name}: ${flat(decodeText)}; ${timeText}${key === undefined ? '' : `; ${flat(String(key))}`}`
}

function stepText(node: Node, names: ReadonlyMap<Node, string>): string {
  const { step } = node
  switch (step.kind) {
    case 'to':
      return `to ${names.get(node)}`
    case 'into':
      return `into ${step.sink.name}`
    case 'branch':
      return `branch ${step.tag}`
    case 'case':
      return `case ${step.word}`
    case 'map':
    case 'filter':
    case 'flatMap':
    case 'keyBy':
      return `${step.kind} ${flat(String(step.run))}`
    case 'mapOffload':
      return `mapOffload ${flat(String(step.offload.run))}`
    case 'merge':
    case 'source':
    case 'handler':
      return step.kind
  }
}

/** Formatting is no change. */
function flat(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}

/** As many hexadecimal digits, whatever the length of `lines`. */
export function hash(lines: string): string {
  const text = lines.toWellFormed()
  const bytes = new Uint8Array(utf8Length(text))
  utf8Write(text, bytes, 0)
  const chain = new Chain()
  chain.add(bytes, 0, bytes.length)
  return chain.toString()
}
