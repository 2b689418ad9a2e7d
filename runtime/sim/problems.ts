/**
 * lost: something that was decided never took effect. doubled: it took effect twice. reordered: it overtook another on its lane.
 * invented: nothing caused it. early: the world heard of it before it was durable. state, output, answer, outcome: other than
 * the plain handlers give. time: a clock went back, or a timer fired too early. history: commits that contradict each other.
 */
export type ProblemKind =
  | 'lost'
  | 'doubled'
  | 'reordered'
  | 'invented'
  | 'early'
  | 'state'
  | 'output'
  | 'answer'
  | 'outcome'
  | 'time'
  | 'history'
  | 'invariant'
  /** A handler or a step gives other results when it is run again: the program, not the runtime. */
  | 'nondeterministic'

export interface Problem {
  readonly kind: ProblemKind
  readonly text: string
}

/** Collects what is wrong. After the first few nothing new is learned: everything that follows from them is wrong too. */
export class Problems {
  readonly list: Problem[] = []

  add(kind: ProblemKind, text: string): void {
    if (this.list.length < 20) this.list.push({ kind, text })
  }

  get none(): boolean {
    return this.list.length === 0
  }
}

export function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
