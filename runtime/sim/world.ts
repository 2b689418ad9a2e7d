import type { Prng } from '../base/prng.ts'
import type { Bugs } from '../shard/bugs.ts'
import { Callers } from './callers.ts'
import { Cluster } from './cluster.ts'
import type { Ending } from './ending.ts'
import type { Faults } from './faults.ts'
import type { JournalEvent } from './journal.ts'
import { Scheduler } from './scheduler.ts'
import { healthy, type Shape } from './shape.ts'
import { SimNetwork } from './sim-links.ts'
import type { SimProgram } from './sim-program.ts'
import { SimOutside, type SimSinkBugs } from './sim-sink.ts'
import { SimLog } from './sim-source.ts'
import { Strikes } from './strikes.ts'
import type { Surroundings } from './surroundings.ts'

export interface WorldParts {
  readonly program: SimProgram
  readonly shape: Shape
  readonly faults: Faults
  /** For the order of events, for what happens to be done at a crash, and for when and where faults strike. */
  readonly chance: { readonly order: Prng; readonly parts: Prng; readonly fate: Prng }
  readonly bugs: Partial<Bugs>
  readonly sinkBugs: SimSinkBugs
  /** Told every line of the readable trace. Undefined: none is made. */
  readonly onLine: ((line: string) => void) | undefined
}

const startMs = 1_000_000_000_000
/** Healing takes a few hundred events; what takes more than this waits for something that does not come. */
const patience = 6_000
/** What goes on for so long is a circle that nothing ends. */
const endurance = 500_000

/**
 * Several nodes and everything around them, on one thread and under one seed.
 *
 *   troubled times   nodes run, and whatever the seed allows goes wrong
 *   healing          nothing goes wrong any more, zombies are gone, every node is up: all must come to rest in bounded steps
 *   end              perhaps an orderly stop; then the disks are read
 *
 * W1 A world is a function of program, shape and seeds: nothing in it waits, and nothing asks for time or chance from outside.
 * W2 Workers are made by the line that makes them in production (sim-process.ts).
 * W3 What cannot be told from a fault is not judged here: the world writes down what happens, and the checker reads it.
 */
export class World {
  readonly journal: JournalEvent[] = []
  readonly scheduler: Scheduler
  readonly logs: readonly { readonly source: number; readonly log: SimLog }[]
  readonly outsides: Map<string, SimOutside> = new Map()
  readonly cluster: Cluster
  readonly #parts: WorldParts
  readonly #callers: Callers
  readonly #network: SimNetwork
  readonly #strikes: Strikes
  /** Records that are not appended yet. */
  readonly #coming: { readonly log: SimLog; readonly records: Uint8Array[] }[] = []
  readonly #readers: number[]
  #ending: Ending | undefined = undefined
  #healing = false
  /** The event in which a message was handled last. */
  #progressAt = 0
  /** By group: timers that are due until then are waited for. */
  #settleAt: ReadonlyMap<number, number> | undefined = undefined
  readonly #sealedMs = new Map<number, number>()

  constructor(parts: WorldParts) {
    this.#parts = parts
    const { program, shape, faults, chance } = parts
    const { fate } = chance
    const scheduler = (this.scheduler = new Scheduler(chance.order, startMs))
    const delays: Surroundings['delays'] = (kind) => (this.#healing ? healthy : shape.delays[kind])
    const hosts = (): ReturnType<Cluster['hosts']> => this.cluster.hosts()
    const note = (line: () => string): void => this.#note(line)
    const journal = (event: JournalEvent): void => this.#write(event)
    const pick = <T>(list: readonly T[]): T => chance.parts.pick(list)
    this.logs = program.inputs.flatMap(({ source, partitions }, index) =>
      partitions.map((records, partition) => ({
        source: index,
        log: this.#openLog(source, String(partition), records),
      })),
    )
    this.#readers = this.logs.map(() => fate.pick(shape.owners))
    const network = (this.#network = new SimNetwork({
      scheduler,
      faults,
      delays: () => delays('link'),
      ends: () => hosts().map(({ links }) => links),
      pick,
    }))
    const around: Surroundings = {
      program,
      shape,
      faults,
      scheduler,
      prng: chance.parts,
      network,
      bugs: parts.bugs,
      logs: this.logs,
      delays,
      journal,
      note,
      readerOf: (log) => this.#readers[this.logs.findIndex((known) => known.log === log)]!,
      outside: (group, sink) => this.#outside(group, sink),
    }
    this.cluster = new Cluster(around, fate)
    this.#strikes = new Strikes({ around, cluster: this.cluster, network, fate, reassign: () => this.#reassign() })
    this.#callers = new Callers({ program, shape, scheduler, prng: chance.parts, journal, note, hosts })
  }

  /** Runs it to its end. */
  run(): Ending {
    try {
      for (const node of this.cluster.nodes) this.cluster.start(node)
      this.#callers.start()
      this.#feed()
      this.#troubledTimes()
      if (this.#over === undefined) this.#heal()
      return this.#over ?? { verdict: 'ok' }
    } catch (error) {
      return { verdict: 'crashed', text: 'something in the simulated world threw', error }
    }
  }

  get #over(): Ending | undefined {
    return this.cluster.ending ?? this.#ending
  }

  #note(line: () => string): void {
    this.#parts.onLine?.(`${String(this.scheduler.nowMs - startMs).padStart(7)} ${line()}`)
  }

  #troubledTimes(): void {
    const { faultSteps } = this.#parts.shape
    while (this.scheduler.steps < faultSteps && this.#over === undefined) {
      const { scheduler } = this
      const mayBeOver = scheduler.steps % 16 === 0 || scheduler.nextMs > scheduler.nowMs + 1_000
      if (mayBeOver && this.#coming.length === 0 && this.#isQuiet()) return
      if (!this.#step()) return
      this.#strikes.strike()
    }
  }

  /** In the end the world is healed, and progress is demanded. */
  #heal(): void {
    const { faults, shape } = this.#parts
    const { cluster } = this
    this.#note(() => 'the world is healed')
    this.#healing = true
    this.#callers.curious = false
    faults.active = false
    this.#network.heal()
    for (const { log, records } of this.#coming.splice(0)) log.append(records)
    cluster.heal()
    cluster.cancelUpgrade()
    for (const node of cluster.nodes) {
      for (const instance of node.processes) {
        if (instance.overlapped || instance.hosts.some((host) => !host.readsWhatItShould)) cluster.kill(node, instance)
      }
      if (node.processes.length === 0) cluster.startLater(node)
    }
    if (!this.#runUntil(() => this.#isQuiet()) || !shape.drains) return
    for (const node of cluster.nodes) cluster.drain(node, 'end')
    this.#runUntil(() => cluster.nodes.every(({ processes }) => processes.length === 0))
  }

  /** Goes on as long as messages are handled; `patience` events without one are too many. */
  #runUntil(isDone: () => boolean): boolean {
    const { scheduler } = this
    this.#progressAt = scheduler.steps
    const maxEvents = this.#parts.program.maxEvents ?? endurance
    const end = scheduler.steps + maxEvents
    while (this.#over === undefined) {
      if (scheduler.steps % 8 === 0 && isDone()) return true
      const isPatient = scheduler.steps < Math.min(this.#progressAt + patience, end)
      if (isPatient && this.#step()) continue
      if (isDone()) return true
      const busy =
        scheduler.steps < end ? `nothing was handled during ${patience} events` : `it goes on for ${maxEvents} events`
      const why = isPatient ? 'nothing is scheduled any more' : busy
      this.#ending = {
        verdict: 'stuck',
        text: `the world is healed and does not come to rest: ${why}; ${this.#unrest()}`,
      }
    }
    return false
  }

  #step(): boolean {
    const event = this.scheduler.next()
    if (event === undefined) return false
    event.run()
    return true
  }

  /** Everything that was asked for is done, and no timer is due for a while. */
  #isQuiet(): boolean {
    const hosts = this.cluster.hosts()
    if (!this.#callers.settled || this.cluster.nodes.some(({ processes }) => processes.length !== 1)) return false
    if (!hosts.every(({ worker }) => worker.finished)) return false
    const settleMs = this.#parts.program.settleMs ?? 60_000
    this.#settleAt ??= new Map(
      hosts.map(({ group, clockMs }) => [group, Math.max(clockMs, this.#sealedMs.get(group) ?? 0) + settleMs]),
    )
    return hosts.every(
      ({ group, worker }) => (worker.nextTimerAtMs ?? Number.POSITIVE_INFINITY) > this.#settleAt!.get(group)!,
    )
  }

  #unrest(): string {
    const workers = this.cluster
      .hosts()
      .map(
        ({ group, worker, instance }) =>
          `${instance.name} group ${group} is ${worker.state}, idle ${worker.idle}, finished ${worker.finished}, drained ${worker.drained}, next timer ${worker.nextTimerAtMs}`,
      )
    return [...workers, ...(this.#callers.settled ? [] : ['somebody waits for an answer'])].join('; ')
  }

  #write(event: JournalEvent): void {
    this.journal.push(event)
    if (event.kind === 'opened') this.cluster.opened(event.group)
    if (event.kind !== 'sealed') return
    if (event.handled.length > 0) this.#progressAt = this.scheduler.steps
    this.#sealedMs.set(event.group, event.nowMs)
    const plan = this.#parts.program.plans[event.version]!
    for (const { route, key } of event.handled)
      if (route >= 0) this.#callers.saw(plan.entities[plan.routes[route]!.entity]!.name, key)
  }

  #openLog(source: string, partition: string, records: readonly Uint8Array[]): SimLog {
    const { shape, chance } = this.#parts
    const log = new SimLog({ source, partition, prng: chance.parts, gaps: shape.gaps })
    log.append(records.slice(0, shape.firstRecords))
    if (records.length > shape.firstRecords) this.#coming.push({ log, records: records.slice(shape.firstRecords) })
    return log
  }

  /** Appends what is still to come, a little at a time. */
  #feed(): void {
    const { fate } = this.#parts.chance
    this.scheduler.after(1 + fate.below(30), 'records are appended', () => {
      if (this.#coming.length === 0) return
      const at = fate.below(this.#coming.length)
      const { log, records } = this.#coming[at]!
      log.append(records.splice(0, 1 + fate.below(5)))
      if (records.length === 0) this.#coming.splice(at, 1)
      this.#feed()
    })
  }

  /** The new reader starts at once; who read before goes on until it is restarted for whatever reason. */
  #reassign(): void {
    const { fate } = this.#parts.chance
    if (this.logs.length === 0) return
    const reader = fate.pick(this.#parts.shape.owners)
    this.#readers[fate.below(this.#readers.length)] = reader
    const node = this.cluster.nodes.find(({ groups }) => groups.includes(reader))!
    const newest = node.processes.at(-1)
    if (newest !== undefined) this.cluster.kill(node, newest)
    this.cluster.startLater(node)
  }

  #outside(group: number, sink: string): SimOutside {
    const name = `${group}/${sink}`
    let outside = this.outsides.get(name)
    if (outside === undefined) {
      const { program, shape, sinkBugs } = this.#parts
      const guarantee = program.atLeastOnce?.includes(sink) === true ? 'at-least-once' : shape.guarantee
      this.outsides.set(name, (outside = new SimOutside({ sink, guarantee, bugs: sinkBugs })))
    }
    return outside
  }
}
