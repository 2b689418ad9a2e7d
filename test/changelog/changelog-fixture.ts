import { Prng } from '../../runtime/base/prng.ts'
import { ChangelogStore, type ChangelogStoreParts } from '../../runtime/changelog/changelog-store.ts'
import type { StoreToKill } from '../../runtime/ports/contracts/store-crash.ts'
import { type AppendFault, SimBrokers, SimChangelog } from '../../runtime/sim/sim-changelog.ts'
import { SimDisk } from '../../runtime/sim/sim-disk.ts'
import { SimStore } from '../../runtime/sim/sim-store.ts'
import { RandomOrder } from '../store/sim-fixture.ts'

/** A simulated machine, with its disk, and one process on it at a time. */
export class Machine {
  readonly disk: SimDisk = new SimDisk()
  readonly #world: ChangelogWorld
  readonly #name: string
  #lives = 0
  #kill: () => void = () => undefined

  constructor(world: ChangelogWorld, name: string) {
    this.#world = world
    this.#name = name
  }

  start(options: Partial<ChangelogStoreParts> = {}): ChangelogStore {
    const { brokers, prng, order } = this.#world
    const fault = (): AppendFault | undefined => this.#world.fault()
    this.#lives += 1
    const log = new SimChangelog({ brokers, prng, schedule: order.schedule, fault })
    const copies = new SimStore({ disk: this.disk, durability: 'process', schedule: order.schedule })
    this.#kill = () => {
      log.kill()
      copies.kill(prng)
    }
    const name = `${this.#name}.${this.#lives}`
    return new ChangelogStore({
      log,
      copies,
      owner: { incarnation: name, address: `${name}:1`, version: 1 },
      division: { shardCount: 128, groupCount: 1 << 16 },
      shortenBeyondBytes: Number.POSITIVE_INFINITY,
      ...options,
    })
  }

  /** As `kill -9` does. What it had appended may still arrive. */
  kill(): void {
    this.#kill()
    this.#kill = () => undefined
  }
}

/** Machines around one simulated log. */
export class ChangelogWorld {
  readonly brokers: SimBrokers = new SimBrokers()
  readonly prng: Prng
  readonly order: RandomOrder
  /** Asked about every append. */
  fault: () => AppendFault | undefined = () => undefined
  #machines = 0

  constructor(seed: number) {
    this.prng = new Prng(seed, 13)
    this.order = new RandomOrder(this.prng)
  }

  machine(): Machine {
    this.#machines += 1
    return new Machine(this, `machine ${this.#machines}`)
  }
}

export function simChangelogFixture(seed: number): StoreToKill {
  const world = new ChangelogWorld(seed)
  const machine = world.machine()
  const end = async (): Promise<void> => machine.kill()
  return {
    open: async () => machine.start(),
    kill: end,
    dispose: end,
    close: async () => {
      while (world.order.step()) continue
      machine.kill()
    },
  }
}
