/**
 * wrong: a promise or a property is broken. stuck: everything is well again, and yet it does not come to rest. refused: the
 * runtime stopped for no reason that a fault has given. crashed: an error that nobody has foreseen.
 */
export type SimulationVerdict = 'wrong' | 'stuck' | 'refused' | 'crashed'

/** All that is known about a run that failed. */
export interface Failure {
  readonly verdict: SimulationVerdict
  /** The property that does not hold; undefined: what the runtime itself promises. */
  readonly property?: string | undefined
  /** What is wrong, in one line or several. */
  readonly what: string
  readonly seed?: number | undefined
  /** Faults that happened, in order. */
  readonly faults?: readonly string[]
  /** What happened, as readable lines. */
  readonly trace?: string
  /** The source text of a test that fails in the same way. */
  readonly test?: string | undefined
}

/** A pipeline that does not do what it should, found in a simulated world. Its message says everything; its fields are for tools. */
export class SimulationError extends Error {
  override readonly name = 'SimulationError'
  readonly verdict: SimulationVerdict
  readonly property: string | undefined
  readonly what: string
  readonly seed: number | undefined
  readonly faults: readonly string[]
  readonly trace: string
  readonly test: string | undefined

  constructor(failure: Failure, cause?: unknown) {
    super(messageOf(failure), cause === undefined ? undefined : { cause })
    this.verdict = failure.verdict
    this.property = failure.property
    this.what = failure.what
    this.seed = failure.seed
    this.faults = failure.faults ?? []
    this.trace = failure.trace ?? ''
    this.test = failure.test
  }
}

const shownFaults = 20
/** Of a long trace the end is shown: there it went wrong. */
const shownTraceLines = 40

function messageOf({ verdict, property, what, seed, faults = [], trace = '', test }: Failure): string {
  const title = property === undefined ? verdict : `${verdict}: ${property}`
  const lines = [`${title}${seed === undefined ? '' : ` (seed ${seed})`}`, what]
  if (faults.length > 0) {
    lines.push('', 'Faults that happened:', ...faults.slice(0, shownFaults).map((fault) => `  ${fault}`))
    if (faults.length > shownFaults) lines.push(`  ... and ${faults.length - shownFaults} more`)
  }
  if (trace !== '') {
    const all = trace.split('\n')
    const left = all.length - shownTraceLines
    lines.push('', 'What happened:', ...(left > 0 ? [`  ... ${left} lines before`] : []))
    lines.push(...all.slice(-shownTraceLines).map((line) => `  ${line}`))
  }
  if (test !== undefined) lines.push('', 'A test to paste:', '', test)
  return lines.join('\n')
}
