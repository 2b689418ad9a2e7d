import { MillraceError } from '../../base/errors.ts'

/**
 * The names behind the numbers that two groups talk in. A route has its durable number, because messages keep theirs; that of a sink
 * or a source is its place in the list, for one run of one group.
 */
export interface LaneNames {
  readonly routes: readonly string[]
  /** The durable number of each route. */
  readonly routeIds: readonly number[]
  readonly sinks: readonly string[]
  readonly sources: readonly string[]
  /** Of each source: the fingerprint of the steps behind it. */
  readonly plans: readonly string[]
}

/**
 * Turns the numbers of another group into ours, by name. A number outside of their lists is junk (RangeError); a name that
 * we do not have means that the two run different programs (MR_PROGRAM_CHANGED), and nothing is guessed.
 */
export class NameTables {
  readonly theirs: LaneNames
  readonly #routes: ReadonlyMap<number, { readonly name: string; readonly our: number }>
  readonly #sinks: readonly number[]
  readonly #sources: readonly number[]
  readonly #samePlans: readonly boolean[]

  constructor(theirs: LaneNames, ours: LaneNames) {
    this.theirs = theirs
    this.#routes = new Map(
      theirs.routes.map((name, i) => [theirs.routeIds[i]!, { name, our: ours.routes.indexOf(name) }]),
    )
    this.#sinks = theirs.sinks.map((name) => ours.sinks.indexOf(name))
    this.#sources = theirs.sources.map((name) => ours.sources.indexOf(name))
    this.#samePlans = this.#sources.map((our, i) => our >= 0 && theirs.plans[i] === ours.plans[our])
  }

  /** The place in our plan of the route that has this durable number there. */
  route(id: number): number {
    const route = this.#routes.get(id)
    return known('route', route?.our, route?.name)
  }

  sink(number: number): number {
    return known('sink', this.#sinks[number], this.theirs.sinks[number])
  }

  source(number: number): number {
    return known('source', this.#sources[number], this.theirs.sources[number])
  }

  /**
   * Whether they make of a record what we would. If not, one of us is of another version of the program: half a record of theirs
   * and half of ours would be neither (RULE 8), so what they read of this source is not for us.
   */
  hasSamePlan(number: number): boolean {
    return this.#samePlans[number] === true
  }

  /** Their number of one of our sources; -1: they do not have it. */
  theirSource(number: number): number {
    return this.#sources.indexOf(number)
  }
}

function known(kind: string, number: number | undefined, name: string | undefined): number {
  if (number === undefined || name === undefined) throw new RangeError(`no ${kind} has this number`)
  if (number >= 0) return number
  throw new MillraceError('MR_PROGRAM_CHANGED', `a message is for the ${kind} "${name}", which this program lacks`, {
    next: 'Nothing was dropped. Run the same version of the program on every worker',
  })
}
