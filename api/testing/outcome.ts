import { canonical } from './canonical.ts'

/** All that a pipeline has come to, as texts that are equal where it is the same. */
export interface Outcome {
  /** By entity and key, such as `account "alice"`. */
  readonly states: ReadonlyMap<string, string>
  /** By sink. The order among keys is open, so it is left out: sorted. */
  readonly outputs: ReadonlyMap<string, readonly string[]>
  /** Sorted. */
  readonly letters: readonly string[]
}

/** Where two outcomes differ first. */
export interface Difference {
  /** The entity whose state differs, such as `account "alice"`; undefined: it is in outputs or dead letters only. */
  readonly entity: string | undefined
  readonly what: string
  readonly first: string
  readonly second: string
}

export function difference(a: Outcome, b: Outcome): Difference | undefined {
  for (const entity of new Set([...a.states.keys(), ...b.states.keys()])) {
    const [first, second] = [a.states.get(entity) ?? 'nothing', b.states.get(entity) ?? 'nothing']
    if (first !== second) return { entity, what: `the state of ${entity}`, first, second }
  }
  for (const sink of new Set([...a.outputs.keys(), ...b.outputs.keys()])) {
    const found = unequal(a.outputs.get(sink) ?? [], b.outputs.get(sink) ?? [])
    if (found !== undefined) return { entity: undefined, what: `what is in sink ${sink} besides the same`, ...found }
  }
  const letters = unequal(a.letters, b.letters)
  return letters && { entity: undefined, what: 'dead letters besides the same', ...letters }
}

/** What the dead letter of a message looks like, wherever it happened. */
export function letterText(letter: {
  readonly code: string
  readonly entity?: string | undefined
  readonly key?: string | undefined
  readonly message: Uint8Array
}): string {
  return canonical({ code: letter.code, entity: letter.entity, key: letter.key, message: letter.message })
}

/** What only one of two sorted lists holds. */
function unequal(a: readonly string[], b: readonly string[]): { first: string; second: string } | undefined {
  const [onlyA, onlyB] = [without(a, b), without(b, a)]
  if (onlyA.length + onlyB.length === 0) return undefined
  return { first: few(onlyA), second: few(onlyB) }
}

function without(a: readonly string[], b: readonly string[]): string[] {
  const counts = new Map<string, number>()
  for (const text of b) counts.set(text, (counts.get(text) ?? 0) + 1)
  return a.filter((text) => {
    const left = counts.get(text) ?? 0
    counts.set(text, left - 1)
    return left <= 0
  })
}

function few(texts: readonly string[]): string {
  if (texts.length === 0) return 'nothing'
  return texts.length > 3 ? `${texts.slice(0, 3).join(', ')} and ${texts.length - 3} more` : texts.join(', ')
}
