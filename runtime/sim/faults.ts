import type { ErrorCode } from '../base/errors.ts'
import type { Prng } from '../base/prng.ts'

/** Everything that can go wrong in a simulated world, by name. */
export const faultKinds = [
  /** `kill -9` of a process: its memory is gone, and what it had asked for may still happen. */
  'crash',
  /** A node loses power: its processes are gone, and of its disk what was not synced. */
  'power-loss',
  /** A second incarnation is started while the first still runs. */
  'zombie',
  /** A process is stopped in an orderly way, and started again. */
  'restart',
  /** All nodes drain and go on with the next version of the program. */
  'upgrade',
  'commit-refused',
  'commit-lost',
  'commit-applied',
  'disk-full',
  /** A commit record is torn, missing or has a wrong bit: opening must refuse. */
  'damage',
  'sink-refused',
  'sink-lost',
  'sink-applied',
  'sink-full',
  /** The clock of a node leaps ahead, or back. */
  'clock-jump',
  'link-loss',
  'link-repeat',
  /** A frame comes long after its time, when its session may be over. */
  'link-late',
  /** Two groups cannot reach each other for a while, in one direction or both. */
  'partition',
  /** A partition of a source gets another reader, while the one before reads on. */
  'reassign',
] as const
export type FaultKind = (typeof faultKinds)[number]

export interface Fault {
  /** Its place among all faults that were to happen: what `skip` of the options means. */
  readonly index: number
  readonly kind: FaultKind
  readonly text: string
}

/** Refusals that a fault may cause, wherever it strikes. */
const permits: { readonly [Kind in FaultKind]?: readonly ErrorCode[] } = {
  zombie: ['MR_FENCED'],
  'commit-refused': ['MR_STORE_FAILED'],
  'commit-lost': ['MR_STORE_FAILED'],
  'commit-applied': ['MR_STORE_FAILED'],
  'disk-full': ['MR_DISK_FULL'],
  'sink-refused': ['MR_SINK_FAILED'],
  'sink-lost': ['MR_SINK_FAILED'],
  'sink-applied': ['MR_SINK_FAILED'],
  'sink-full': ['MR_DISK_FULL'],
}

export interface FaultOptions {
  /** Faults that may happen at all; the seed chooses among them. */
  readonly kinds: readonly FaultKind[]
  /** Faults that exist whatever the seed says, and as often as can be. */
  readonly often: readonly FaultKind[]
  /** Faults that do not happen after all, by index: for finding the smallest set that still fails. */
  readonly skip: ReadonlySet<number>
}

/**
 * Decides which faults happen. The seed decides which kinds exist at all in this world, and how often each is (swarm testing:
 * a world with everything in it hides what only a few faults together bring about).
 *
 * Every fault passes through `strikes`, and is counted there even when it is skipped, so that a run with fewer faults goes the
 * same way up to the first that is missing.
 */
export class Faults {
  /** False once the world is being healed. */
  active = true
  readonly happened: Fault[] = []
  readonly #prng: Prng
  readonly #rates = new Map<FaultKind, number>()
  readonly #skip: ReadonlySet<number>
  #count = 0

  constructor(prng: Prng, { kinds, often, skip }: FaultOptions) {
    this.#prng = prng
    this.#skip = skip
    const calm = prng.chance(0.08)
    const share = prng.pick([0.15, 0.4, 0.8])
    for (const kind of faultKinds) {
      const exists = prng.chance(share) && !calm
      const rate = prng.unit()
      if (often.includes(kind)) this.#rates.set(kind, 1)
      else if (exists && kinds.includes(kind)) this.#rates.set(kind, rate * rate)
    }
  }

  exists(kind: FaultKind): boolean {
    return this.#rates.has(kind)
  }

  /** Whether a fault of this kind happens now. `scale`: its probability where the kind is as frequent as can be. */
  strikes(kind: FaultKind, scale: number, text: () => string): boolean {
    const rate = this.#rates.get(kind)
    if (!this.active || rate === undefined || !this.#prng.chance(rate * scale)) return false
    const index = this.#count++
    if (this.#skip.has(index)) return false
    this.happened.push({ index, kind, text: text() })
    return true
  }

  /** Whether a fault that has happened is a reason to stop with this code. */
  permits(code: string): boolean {
    return this.happened.some(({ kind }) => permits[kind]?.includes(code as ErrorCode) === true)
  }

  hasHappened(kind: FaultKind): boolean {
    return this.happened.some((fault) => fault.kind === kind)
  }
}
