import { type HostProcess, SimHost } from './sim-host.ts'
import { SimStore } from './sim-store.ts'
import type { SimNode, Surroundings } from './surroundings.ts'

/** One incarnation of the program on a node, from its start to its end. */
export class SimProcess implements HostProcess {
  readonly node: SimNode
  readonly name: string
  readonly version: number
  readonly hosts: readonly SimHost[]
  alive = true
  /** Another incarnation has run beside this one: one of the two will be fenced. */
  overlapped = false
  readonly #around: Surroundings
  readonly #store: SimStore

  constructor(around: Surroundings, node: SimNode, options: { name: string; version: number }) {
    this.node = node
    this.name = options.name
    this.version = options.version
    this.#around = around
    const { scheduler, faults, shape } = around
    const places = [
      ['commit-refused', 'refused'],
      ['commit-lost', 'lost'],
      ['commit-applied', 'applied'],
      ['disk-full', 'full'],
    ] as const
    this.#store = new SimStore({
      disk: node.disk,
      durability: shape.durability,
      schedule: scheduler.lane(`${this.name} `, () => around.delays('store')),
      fault: (write) =>
        places.find(([kind]) =>
          faults.strikes(kind, 0.1, () => `${this.name}: commit ${write.number} of group ${write.group}`),
        )?.[1],
    })
    this.hosts = node.groups.map((group) => new SimHost(around, this, this.#store, group))
  }

  start(): void {
    for (const host of this.hosts) host.start()
  }

  drain(): void {
    for (const { worker } of this.hosts) worker.drain()
  }

  get drained(): boolean {
    return this.hosts.every(({ worker }) => worker.drained)
  }

  /** All that drain together are drained. */
  leave(): void {
    for (const { worker } of this.hosts) worker.leave()
  }

  get running(): boolean {
    return this.alive && this.hosts.every(({ worker }) => worker.state === 'running')
  }

  /** It ends without a word: nothing in it runs any more. */
  kill(): void {
    if (!this.alive) return
    this.alive = false
    this.#store.kill(this.#around.prng)
    for (const host of this.hosts) host.abandon(true)
  }

  /** Every worker has stopped as it was asked to: nothing is left half done. */
  end(): void {
    this.alive = false
    for (const host of this.hosts) host.abandon(false)
  }
}
