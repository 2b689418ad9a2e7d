import { Prng } from '../../runtime/base/prng.ts'
import type { StoreToKill } from '../../runtime/ports/contracts/store-crash.ts'
import { SimDisk } from '../../runtime/sim/sim-disk.ts'
import { SimStore, type SimStoreOptions } from '../../runtime/sim/sim-store.ts'

/** A scheduler that takes what waits in any order, one thing per turn of the event loop, or as often as it is told to. */
export class RandomOrder {
  readonly #waiting: (() => void)[] = []
  readonly #prng: Prng
  #turning = false

  constructor(prng: Prng) {
    this.#prng = prng
  }

  readonly schedule = (_what: string, run: () => void): void => {
    this.#waiting.push(run)
    if (!this.#turning) {
      this.#turning = true
      setImmediate(() => this.#turn())
    }
  }

  /** Runs one thing that waits. False: nothing waited. */
  step(): boolean {
    const [run] = this.#waiting.splice(this.#prng.below(this.#waiting.length), 1)
    run?.()
    return run !== undefined
  }

  #turn(): void {
    this.#turning = this.step()
    if (this.#turning) setImmediate(() => this.#turn())
  }
}

export interface SimFixture extends StoreToKill {
  readonly disk: SimDisk
  readonly prng: Prng
  open(options?: Partial<SimStoreOptions>): Promise<SimStore>
}

export function simFixture(seed: number, durability: 'disk' | 'process'): SimFixture {
  const prng = new Prng(seed, 7)
  const order = new RandomOrder(prng)
  const disk = new SimDisk()
  const stores: SimStore[] = []
  const end = async (): Promise<void> => {
    for (const store of stores.splice(0)) store.kill(prng)
  }
  return {
    disk,
    prng,
    kill: end,
    dispose: end,
    open: async (options) => {
      const store = new SimStore({ disk, durability, schedule: order.schedule, ...options })
      stores.push(store)
      return store
    },
    close: async () => {
      while (stores.some((store) => store.pending > 0)) order.step()
      await end()
    },
  }
}
