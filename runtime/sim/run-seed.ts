import type { Bugs } from '../shard/bugs.ts'
import { check } from './checker.ts'
import { type Fault, type FaultKind, faultKinds, Faults } from './faults.ts'
import type { Problem } from './problems.ts'
import { drawShape, type Shape } from './shape.ts'
import type { SimProgram } from './sim-program.ts'
import type { SimOutput, SimSinkBugs } from './sim-sink.ts'
import type { StoreContent } from './store-content.ts'
import { stream } from './streams.ts'
import { World } from './world.ts'

export interface SimOptions {
  /** How many commit groups there may be; the seed chooses one of these. Default: 1, 2 or 3. */
  readonly hosts?: readonly number[]
  /** Faults that may happen at all. Default: all. */
  readonly faults?: readonly FaultKind[]
  /** Faults that exist whatever the seed says, and as often as can be. */
  readonly often?: readonly FaultKind[]
  /** Faults that do not happen after all, by index. */
  readonly skip?: ReadonlySet<number>
  /** Planted mistakes. */
  readonly bugs?: Partial<Bugs>
  readonly sinkBugs?: SimSinkBugs
  /** Whether to make the readable trace. */
  readonly trace?: boolean
  /** Fixes what the seed would choose. */
  readonly shape?: Partial<Shape>
}

export interface SimResult {
  readonly program: SimProgram
  readonly seed: number
  /**
   * ok: it came to rest, and the checker agrees. wrong: a promise was broken. stuck: healed, and no rest. refused: a worker
   * stopped for no reason that a fault has given. crashed: an error that nobody has foreseen.
   */
  readonly verdict: 'ok' | 'wrong' | 'stuck' | 'refused' | 'crashed'
  /** Why, in one line or several. */
  readonly text: string
  readonly problems: readonly Problem[]
  /** What went wrong on purpose, in order. */
  readonly faults: readonly Fault[]
  /** Readable lines, if they were asked for. */
  readonly events: readonly string[]
  readonly shape: Shape
  readonly steps: number
  readonly handled: number
  readonly commits: number
  readonly stores: readonly StoreContent[]
  /** By sink, in the order in which they are there. */
  readonly outputs: ReadonlyMap<string, readonly SimOutput[]>
}

/** Runs a program in the world of a seed, and says whether every promise was kept. */
export function runSeed(program: SimProgram, seed: number, options: SimOptions = {}): SimResult {
  const shape = { ...drawShape(stream(seed, 'shape'), options.hosts ?? [1, 2, 3]), ...options.shape }
  const faults = new Faults(stream(seed, 'faults'), {
    kinds: options.faults ?? faultKinds,
    often: options.often ?? [],
    skip: options.skip ?? new Set(),
  })
  const events: string[] = []
  const world = new World({
    program,
    shape,
    faults,
    chance: { order: stream(seed, 'order'), parts: stream(seed, 'parts'), fate: stream(seed, 'fate') },
    bugs: options.bugs ?? {},
    sinkBugs: options.sinkBugs ?? {},
    onLine: options.trace === true ? (line) => void events.push(line) : undefined,
  })
  const ending = world.run()
  const stores = storesOf(world)
  const outputs = new Map<string, SimOutput[]>()
  for (const { sink, outputs: found } of [...world.outsides.values()].map((outside) => ({
    sink: outside.sink,
    outputs: outside.outputs(),
  }))) {
    outputs.set(sink, [...(outputs.get(sink) ?? []), ...found])
  }
  const judged = ending.verdict === 'ok' && ending.text === undefined ? judge(world, program, shape, stores) : []
  const sealed = world.journal.filter((event) => event.kind === 'sealed')
  return {
    program,
    seed,
    faults: faults.happened,
    events,
    shape,
    stores,
    outputs,
    verdict: judged.length > 0 ? 'wrong' : ending.verdict,
    text: judged.length > 0 ? judged.map(({ kind, text }) => `${kind}: ${text}`).join('\n') : textOf(ending),
    problems: judged,
    steps: world.scheduler.steps,
    handled: sealed.reduce((sum, { handled }) => sum + handled.length, 0),
    commits: sealed.length,
  }
}

function judge(world: World, program: SimProgram, shape: Shape, stores: readonly StoreContent[]): readonly Problem[] {
  const { journal } = world
  const versions = journal.map((event) => (event.kind === 'opened' ? event.version : 0))
  return check({
    plans: program.plans.slice(0, 1 + Math.max(0, ...versions)),
    codec: program.codec,
    shardCount: shape.shardCount,
    logs: world.logs.map(({ log }) => ({
      source: log.source,
      partition: log.partition,
      records: log.from(0, log.count),
    })),
    requests: program.requests ?? [],
    journal,
    stores,
    complete: true,
    sinks: [...world.outsides.values()].map((outside) => ({
      sink: outside.sink,
      guarantee: outside.guarantee,
      outputs: outside.outputs(),
    })),
    ...(program.isDeterministic === undefined ? {} : { isDeterministic: program.isDeterministic }),
    ...(program.invariants === undefined ? {} : { invariants: program.invariants }),
  })
}

function storesOf({ cluster }: World): StoreContent[] {
  return cluster.nodes.map(({ disk, groups }) => ({
    rows: disk.rows(),
    groups: groups.map((group) => ({
      group,
      newest: disk.newest(group),
      owns: (shard) => cluster.ownerOf(shard) === group,
      records: disk.records(group),
    })),
  }))
}

function textOf(ending: ReturnType<World['run']>): string {
  if (ending.verdict !== 'crashed') return ending.text ?? ''
  const { error } = ending
  return `${ending.text}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
}
