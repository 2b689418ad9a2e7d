import type { Prng } from '../base/prng.ts'
import type { Ending } from './ending.ts'
import { type Damage, SimDisk, type SimDiskSnapshot } from './sim-disk.ts'
import type { SimHost } from './sim-host.ts'
import { SimProcess } from './sim-process.ts'
import type { SimNode, Surroundings } from './surroundings.ts'

/** A node with all that lives and lived on it. */
export interface NodeState extends SimNode {
  /** The last is the newest; those before it are zombies. */
  processes: SimProcess[]
  incarnations: number
  version: number
  /** What its disk was like before a record was damaged. */
  sound: SimDiskSnapshot | undefined
  /** Why its newest process is to stop in an orderly way. */
  draining: 'restart' | 'upgrade' | 'end' | undefined
  /** It has stopped as it was asked to, and stays down. */
  isDone: boolean
}

/**
 * Starts and ends the processes of all nodes, and judges those that stop by themselves.
 *
 * U1 A process whose worker stops with an error is over, with all its workers. It is started again if a fault that has happened
 *    permits the code; else the run has failed.
 * U2 A node whose disk was damaged must refuse to open. Then it gets its disk back as it was.
 * U3 After a power cut with durability `process`, groups and sinks may find that they no longer fit, and say so. Then the run
 *    is over, and has not failed.
 */
export class Cluster {
  readonly nodes: readonly NodeState[]
  ending: Ending | undefined = undefined
  readonly #around: Surroundings
  readonly #fate: Prng
  #zombiesHeardUntilMs = Number.POSITIVE_INFINITY

  constructor(around: Surroundings, fate: Prng) {
    this.#around = around
    this.#fate = fate
    const { nodes, workersPerNode } = around.shape
    this.nodes = Array.from({ length: nodes }, (_, index) => ({
      index,
      groups: Array.from({ length: workersPerNode }, (_, i) => index * workersPerNode + i),
      disk: new SimDisk(),
      clockMs: fate.below(2_000) - 1_000,
      processes: [],
      incarnations: 0,
      version: 0,
      sound: undefined,
      draining: undefined,
      isDone: false,
    }))
  }

  hosts(): SimHost[] {
    return this.nodes.flatMap(({ processes }) => processes.flatMap(({ hosts }) => hosts))
  }

  ownerOf(shard: number): number {
    return this.#around.shape.owners[shard]!
  }

  start(node: NodeState): void {
    node.incarnations += 1
    const instance = new SimProcess(this.#around, node, {
      name: `n${node.index}.${node.incarnations}`,
      version: node.version,
    })
    for (const other of node.processes) other.overlapped = instance.overlapped = true
    node.processes.push(instance)
    for (const host of instance.hosts)
      host.onTick = () => (host.stopped ? this.#stopped(node, instance, host) : this.#leave(node, instance))
    this.#around.note(
      () => `${instance.name} starts${node.version > 0 ? ` with version ${node.version} of the program` : ''}`,
    )
    instance.start()
    if (node.draining !== undefined) instance.drain()
  }

  /** Starts a node that is down, after a while. */
  startLater(node: NodeState): void {
    this.#around.scheduler.after(1 + this.#fate.below(200), `node ${node.index} is started`, () => {
      if (node.processes.length === 0 && !node.isDone) this.start(node)
    })
  }

  kill(node: NodeState, instance: SimProcess): void {
    instance.kill()
    node.processes = node.processes.filter((other) => other !== instance)
  }

  losePower(node: NodeState): void {
    if (this.#around.shape.durability === 'process')
      for (const group of node.groups) this.#around.journal({ kind: 'forgot', group })
    node.disk.losePower(this.#around.prng)
    for (const instance of node.processes) instance.kill()
    node.processes = []
  }

  drain(node: NodeState, why: 'restart' | 'upgrade' | 'end'): void {
    node.draining = why
    node.processes.at(-1)?.drain()
  }

  /** All nodes that were to be upgraded go on as they are. */
  cancelUpgrade(): void {
    for (const node of this.nodes) {
      if (node.draining !== 'upgrade') continue
      node.isDone = false
      node.draining = node.processes.length === 0 ? undefined : 'restart'
      if (node.processes.length === 0) this.startLater(node)
    }
  }

  /** A node loses a record while it is down, and is started. */
  damage(node: NodeState, how: Damage): void {
    for (const instance of node.processes) instance.kill()
    node.processes = []
    const records = node.disk.records(node.groups[0]!)
    if (records.length > 0) {
      const { number } = this.#fate.pick(records)
      this.#around.note(() => `record ${number} of node ${node.index} is ${how}`)
      node.sound = node.disk.snapshot()
      node.disk.damage(node.groups[0]!, number, how)
    }
    this.start(node)
  }

  /** A group has opened. */
  opened(group: number): void {
    const node = this.nodes.find(({ groups }) => groups.includes(group))
    if (node?.sound !== undefined)
      this.ending ??= { verdict: 'wrong', text: `group ${group} has opened although a record of its store is damaged` }
  }

  /** Whoever drains leaves together with all that drain for the same reason (K4 of worker.ts). */
  #leave(node: NodeState, instance: SimProcess): void {
    const { draining } = node
    if (draining === undefined || !instance.drained) return
    if (draining === 'restart') instance.leave()
    else {
      const newest = this.nodes.filter((other) => !other.isDone).map(({ processes }) => processes.at(-1))
      if (newest.every((other) => other?.drained === true)) for (const other of newest) other!.leave()
    }
  }

  #stopped(node: NodeState, instance: SimProcess, host: SimHost): void {
    const { error } = host.worker
    if (error === undefined) {
      if (node.draining === undefined || instance !== node.processes.at(-1)) {
        this.ending ??= { verdict: 'refused', text: `${instance.name} has stopped, and nobody had asked it to` }
      } else if (instance.hosts.every(({ stopped }) => stopped)) this.#drained(node, instance)
      return
    }
    this.kill(node, instance)
    const { code, cause } = error
    if (node.sound !== undefined && code === 'MR_STORE_CORRUPT') {
      node.disk.restore(node.sound)
      node.sound = undefined
    } else if (code === 'MR_STOPPED') {
      this.ending ??= {
        verdict: 'crashed',
        text: `${instance.name} group ${host.group} has met an error that it does not know`,
        error: cause ?? error,
      }
    } else if (this.#mayDiverge(code)) this.ending ??= { verdict: 'ok', text: error.message }
    else if (!this.#isPermitted(instance, host, code))
      this.ending ??= { verdict: 'refused', text: `${instance.name} group ${host.group} has stopped: ${error.message}` }
    if (node.processes.length === 0) this.startLater(node)
  }

  /** The world is being healed: nothing that zombies said is heard for longer than a moment. */
  heal(): void {
    this.#zombiesHeardUntilMs = this.#around.scheduler.nowMs + 10_000
  }

  #isPermitted(instance: SimProcess, host: SimHost, code: string): boolean {
    const { faults, program, scheduler } = this.#around
    const isZombie = instance.overlapped && host.epoch < instance.node.disk.epoch(host.group)
    if (code === 'MR_FENCED') return instance.overlapped
    if (code === 'MR_SINK_DIVERGED') return isZombie // its sink has what the next owner put there
    // A zombie that welcomes its peer is behind what the peer knows that its group has.
    if (code === 'MR_LANE_DIVERGED') return faults.hasHappened('zombie') && scheduler.nowMs < this.#zombiesHeardUntilMs
    return faults.permits(code) || program.permits?.some((permitted) => permitted === code) === true
  }

  #mayDiverge(code: string): boolean {
    const { faults, shape } = this.#around
    const lost = code === 'MR_LANE_DIVERGED' || code === 'MR_SINK_DIVERGED' || code === 'MR_SOURCE_PLAN_CHANGED'
    return lost && shape.durability === 'process' && faults.hasHappened('power-loss')
  }

  #drained(node: NodeState, instance: SimProcess): void {
    instance.end()
    node.processes = node.processes.filter((other) => other !== instance)
    node.isDone = node.draining !== 'restart'
    if (node.draining === 'restart') {
      node.draining = undefined
      if (node.processes.length === 0) this.startLater(node)
    }
    // Those that had only this one to wait for are idle: nothing else would make them look again.
    for (const other of this.nodes) {
      const newest = other.processes.at(-1)
      if (newest !== undefined) this.#leave(other, newest)
    }
    if (node.draining !== 'upgrade' || !this.nodes.every(({ isDone }) => isDone)) return
    for (const each of this.nodes) {
      each.draining = undefined
      each.isDone = false
      each.version += 1
      this.startLater(each)
    }
  }
}
