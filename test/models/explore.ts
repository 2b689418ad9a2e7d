/**
 * An exhaustive breadth-first explorer of small models.
 *
 * The model owns the protocol: one initial state, the steps that are possible in a state, and what may never be true.
 * The explorer owns the search. It promises:
 *
 *  1. A state is its JSON text. Two states with equal text are one; no hash stands in between, so none is hidden.
 *  2. States are visited in order of their distance from the initial state, so a trace is as short as any that leads
 *     there.
 *  3. `complete` means that every reachable state was visited. When the cap was hit it is false, and liveness is not
 *     judged.
 *  4. If the model has a goal, a state from which it cannot be reached is `stuck`. The way to the goal may not use a
 *     fault: whatever went wrong before, from now on nothing does, and the protocol has to get there by itself.
 *  5. A `witness` is something the exploration should have met (a fork, an ack that came late). The names of those
 *     that it never met are returned, since a model in which nothing interesting can happen holds trivially.
 *
 * What it cannot do: say anything about bounds larger than the model's. It is evidence, not proof.
 */

export interface Step<State> {
  readonly label: string
  readonly state: State
  readonly fault: boolean
}

export interface Violation<Kind extends string> {
  readonly kind: Kind
  readonly detail: string
}

export interface Model<State, Kind extends string = string> {
  readonly initial: State
  /** The steps possible in this state. May not change the state it is given; `stepsFrom` helps with that. */
  steps(state: State): readonly Step<State>[]
  violation(state: State): Violation<Kind> | undefined
  /** What must stay reachable by steps that are no faults. Without it, liveness is not judged. */
  goal?(state: State): boolean
}

export interface ExploreOptions<State> {
  /** Give up, with `complete: false`, once this many states are known. */
  readonly cap?: number
  readonly witnesses?: Readonly<Record<string, (state: State) => boolean>>
}

export interface Exploration<Kind extends string> {
  readonly verdict: 'holds' | 'violated' | 'stuck'
  /** Every reachable state was visited. */
  readonly complete: boolean
  /** The goal can be reached from every state. Undefined where it was not judged. */
  readonly live: boolean | undefined
  readonly violation: Violation<Kind> | undefined
  /** Labels of the steps from the initial state to the violation or to the first stuck state. */
  readonly trace: readonly string[]
  readonly states: number
  readonly edges: number
  /** Distance of the farthest visited state. */
  readonly depth: number
  readonly unwitnessed: readonly string[]
}

export function explore<State, Kind extends string>(
  model: Model<State, Kind>,
  options: ExploreOptions<State> = {},
): Exploration<Kind> {
  const { cap = 1_000_000 } = options
  const known = new KnownStates<State>()
  const edges: Edges = { from: [], to: [], count: 0 }
  const goals: number[] = []
  const unwitnessed = new Map(Object.entries(options.witnesses ?? {}))
  let depth = 0
  let violated: { id: number; violation: Violation<Kind> } | undefined

  const meet = (id: number, state: State): void => {
    const violation = model.violation(state)
    if (violation !== undefined) violated ??= { id, violation }
    if (model.goal?.(state) === true) goals.push(id)
    for (const [name, isMet] of unwitnessed) if (isMet(state)) unwitnessed.delete(name)
  }

  const result = (verdict: 'holds' | 'violated' | 'stuck', rest: Partial<Exploration<Kind>>): Exploration<Kind> => ({
    verdict,
    complete: false,
    live: undefined,
    violation: undefined,
    trace: [],
    states: known.count,
    edges: edges.count,
    depth,
    unwitnessed: [...unwitnessed.keys()],
    ...rest,
  })

  known.add(model.initial, NOWHERE, '', meet)
  for (let layer = known.takeNew(); layer.length > 0; layer = known.takeNew()) {
    for (const { id, state } of layer) {
      if (violated !== undefined) break
      for (const step of model.steps(state)) {
        const target = known.add(step.state, id, step.label, meet)
        edges.count += 1
        if (!step.fault) {
          edges.from.push(id)
          edges.to.push(target)
        }
      }
      if (known.count > cap) return result('holds', {})
    }
    if (violated !== undefined) {
      return result('violated', { violation: violated.violation, trace: known.traceTo(violated.id) })
    }
    if (known.hasNew) depth += 1
  }

  if (model.goal === undefined) return result('holds', { complete: true })
  const stuck = reachesGoal(goals, edges, known.count).indexOf(0)
  if (stuck === -1) return result('holds', { complete: true, live: true })
  return result('stuck', { complete: true, live: false, trace: known.traceTo(stuck) })
}

/** Collects the steps out of one state. Each change is made to a copy, so the state itself stays as it is. */
export interface StepCollector<State> {
  step(label: string, change: (to: State) => void): void
  fault(label: string, change: (to: State) => void): void
  readonly steps: readonly Step<State>[]
}

/** `normalise` puts equivalent states into one form, for example by sorting what has no order. */
export function stepsFrom<State>(state: State, normalise?: (state: State) => void): StepCollector<State> {
  const steps: Step<State>[] = []
  const add = (label: string, fault: boolean, change: (to: State) => void): void => {
    const to = copyOf(state)
    change(to)
    normalise?.(to)
    steps.push({ label, state: to, fault })
  }
  return {
    steps,
    step: (label, change) => add(label, false, change),
    fault: (label, change) => add(label, true, change),
  }
}

/** A deep copy of plain data, much faster than `structuredClone`: there is one for every step. */
export function copyOf<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(copyOf) as T
  const copy: Record<string, unknown> = {}
  for (const key in value) copy[key] = copyOf(value[key])
  return copy as T
}

/** For what has no order, such as late packets: kept sorted by text, so that the order makes no states. */
export function sortByText(values: unknown[]): void {
  if (values.length < 2) return
  const texts = new Map(values.map((value) => [value, JSON.stringify(value)]))
  values.sort((a, b) => ((texts.get(a) ?? '') < (texts.get(b) ?? '') ? -1 : 1))
}

export function describeExploration(name: string, result: Exploration<string>): string {
  const size = `${result.states} states, ${result.edges} steps, depth ${result.depth}`
  const scope = result.complete ? 'complete' : 'not complete'
  const why = result.violation === undefined ? '' : ` (${result.violation.kind}: ${result.violation.detail})`
  const trace = result.trace.map((label, index) => `\n  ${index + 1}. ${label}`).join('')
  return `${name}: ${result.verdict}${why}, ${scope} [${size}]${trace}`
}

interface Edges {
  readonly from: number[]
  readonly to: number[]
  count: number
}

interface Met<State> {
  readonly id: number
  readonly state: State
}

const NOWHERE = -1

/** Every state met so far: its number, and the step by which it was met first. */
class KnownStates<State> {
  readonly #ids = new Map<string, number>()
  readonly #parents: number[] = []
  readonly #labels: string[] = []
  #new: Met<State>[] = []

  get count(): number {
    return this.#parents.length
  }

  get hasNew(): boolean {
    return this.#new.length > 0
  }

  add(state: State, parent: number, label: string, onNew: (id: number, state: State) => void): number {
    const text = JSON.stringify(state)
    const known = this.#ids.get(text)
    if (known !== undefined) return known
    const id = this.count
    this.#ids.set(text, id)
    this.#parents.push(parent)
    this.#labels.push(label)
    this.#new.push({ id, state })
    onNew(id, state)
    return id
  }

  takeNew(): Met<State>[] {
    const taken = this.#new
    this.#new = []
    return taken
  }

  traceTo(id: number): string[] {
    const labels: string[] = []
    for (let at = id; at > 0; at = this.#parents[at] ?? NOWHERE) labels.push(this.#labels[at] ?? '')
    return labels.reverse()
  }
}

/** Walks the edges backwards from the goals. 1 for every state from which a goal can be reached. */
function reachesGoal(goals: readonly number[], edges: Edges, count: number): Uint8Array {
  const predecessors: number[][] = Array.from({ length: count }, () => [])
  for (let edge = 0; edge < edges.from.length; edge += 1) {
    predecessors[edges.to[edge] ?? 0]?.push(edges.from[edge] ?? 0)
  }
  const reaches = new Uint8Array(count)
  const open: number[] = []
  const mark = (id: number): void => {
    if (reaches[id] === 1) return
    reaches[id] = 1
    open.push(id)
  }
  goals.forEach(mark)
  for (let id = open.pop(); id !== undefined; id = open.pop()) predecessors[id]?.forEach(mark)
  return reaches
}
