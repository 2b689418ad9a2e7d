import type { Prng } from '../base/prng.ts'
import type { Cluster, NodeState } from './cluster.ts'
import type { Damage } from './sim-disk.ts'
import type { SimNetwork } from './sim-links.ts'
import type { Surroundings } from './surroundings.ts'

/** Faults that strike between two events: at a node, its disk, its clock, or the network. */
export class Strikes {
  readonly #around: Surroundings
  readonly #cluster: Cluster
  readonly #network: SimNetwork
  readonly #fate: Prng
  /** Gives a log another reader. */
  readonly #reassign: () => void

  constructor(parts: {
    around: Surroundings
    cluster: Cluster
    network: SimNetwork
    fate: Prng
    reassign: () => void
  }) {
    this.#around = parts.around
    this.#cluster = parts.cluster
    this.#network = parts.network
    this.#fate = parts.fate
    this.#reassign = parts.reassign
  }

  /** Once per event. */
  strike(): void {
    const { faults } = this.#around
    const node = this.#fate.pick(this.#cluster.nodes)
    const newest = node.processes.at(-1)
    if (node.sound !== undefined) return
    if (newest !== undefined && faults.strikes('crash', 0.03, () => `${newest.name} is killed`)) {
      this.#cluster.kill(node, newest)
      this.#cluster.startLater(node)
    }
    if (faults.strikes('power-loss', 0.015, () => `node ${node.index} loses power`)) {
      this.#cluster.losePower(node)
      this.#cluster.startLater(node)
    }
    if (
      newest !== undefined &&
      node.processes.length < 3 &&
      node.draining === undefined &&
      faults.strikes('zombie', 0.015, () => `${newest.name} is believed to be dead`)
    )
      this.#cluster.start(node)
    if (
      newest !== undefined &&
      node.draining === undefined &&
      faults.strikes('restart', 0.01, () => `${newest.name} is asked to stop`)
    )
      this.#cluster.drain(node, 'restart')
    if (faults.strikes('clock-jump', 0.01, () => `the clock of node ${node.index} jumps`)) this.#jump(node)
    if (node.groups.length === 1 && faults.strikes('damage', 0.005, () => `a record of node ${node.index} is damaged`))
      this.#cluster.damage(node, this.#fate.pick<Damage>(['missing', 'torn', 'flipped']))
    this.#everywhere()
  }

  #everywhere(): void {
    const { faults, shape, program, scheduler } = this.#around
    const groups = shape.nodes * shape.workersPerNode
    if (groups > 1 && faults.strikes('partition', 0.01, () => 'two groups cannot reach each other')) {
      const from = this.#fate.below(groups)
      const to = (from + 1 + this.#fate.below(groups - 1)) % groups
      this.#network.cut(from, to)
      if (this.#fate.chance(0.5)) this.#network.cut(to, from)
      scheduler.after(1 + this.#fate.below(3_000), 'the network is whole again', () => this.#network.heal())
    }
    if (groups > 1 && faults.strikes('reassign', 0.01, () => 'a partition gets another reader')) this.#reassign()
    const { nodes } = this.#cluster
    if (program.plans.length <= nodes[0]!.version + 1 || nodes.some(({ draining }) => draining !== undefined)) return
    if (!faults.strikes('upgrade', 0.02, () => 'the program is upgraded')) return
    for (const node of nodes) this.#cluster.drain(node, 'upgrade')
    scheduler.after(10_000, 'the upgrade takes too long', () => this.#cluster.cancelUpgrade())
  }

  #jump(node: NodeState): void {
    node.clockMs += this.#fate.pick([-1, 1]) * this.#fate.below(this.#fate.pick([100, 10_000, 3_600_000]))
    for (const { hosts } of node.processes) for (const host of hosts) host.wake()
  }
}
