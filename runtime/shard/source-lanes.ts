import { MillraceError } from '../base/errors.ts'
import type { StoredSource } from './headers.ts'
import type { Plan } from './plan.ts'

/** How far one partition of a source has come in this group. `next` positions are exclusive: where the next record begins. */
export interface SourceLane {
  readonly source: number
  readonly id: number
  readonly partition: string
  readonly fingerprint: string
  start: number
  /** Staged: records before it are in the batch, or in an earlier one. */
  next: number
  proof: string
  /** As of the last seal, and durable. */
  sealedNext: number
  durableNext: number
  drained: boolean
  /** Whether start and fingerprint are in the store. Nothing is read before (RULE 8). */
  planned: boolean
  planDurable: boolean
  changed: boolean
}

/** The source partitions that a group has met. */
export class SourceLanes {
  readonly #plan: Plan
  readonly #ids: readonly number[]
  readonly #lanes = new Map<string, SourceLane>()
  /** Positions of sources that the program does not have now. They stay. */
  readonly #foreign: StoredSource[] = []

  constructor(plan: Plan, ids: readonly number[]) {
    this.#plan = plan
    this.#ids = ids
  }

  find(source: number, partition: string): SourceLane | undefined {
    return this.#lanes.get(`${source}/${partition}`)
  }

  all(): Iterable<SourceLane> {
    return this.#lanes.values()
  }

  /**
   * The lane of a partition; for one that was never read the start position is decided now, and committed before the first
   * record. Throws MR_SOURCE_PLAN_CHANGED.
   */
  open(source: number, partition: string, start: number, acceptTornRecords: boolean): SourceLane {
    const { name, fingerprint } = this.#plan.sources[source]!
    const known = this.find(source, partition)
    if (known === undefined) {
      const lane: SourceLane = {
        source,
        id: this.#ids[source]!,
        partition,
        fingerprint,
        start,
        next: start,
        proof: '',
        sealedNext: start,
        durableNext: start,
        drained: false,
        planned: false,
        planDurable: false,
        changed: true,
      }
      this.#lanes.set(`${source}/${partition}`, lane)
      return lane
    }
    if (known.fingerprint === fingerprint) return known
    if (!known.drained && !acceptTornRecords) {
      throw new MillraceError(
        'MR_SOURCE_PLAN_CHANGED',
        `the steps behind source "${name}" have changed since the program was stopped without draining`,
        {
          next: 'Run the old version once more and stop it with Ctrl-C (it drains), or start with --accept-torn-records if a record may take effect half by the old steps and half by the new',
        },
      )
    }
    const lane: SourceLane = { ...known, fingerprint, planned: false, planDurable: false, changed: true }
    this.#lanes.set(`${source}/${partition}`, lane)
    return lane
  }

  /** All groups are at rest, and nothing beyond what they have will be read: the steps behind the sources may change here. */
  markDrained(): void {
    for (const lane of this.#lanes.values()) {
      lane.changed ||= !lane.drained
      lane.drained = true
    }
  }

  restore(stored: StoredSource): void {
    const source = this.#ids.indexOf(stored.source)
    if (source < 0) {
      this.#foreign.push(stored)
      return
    }
    const { partition, fingerprint, start, next, proof, drained } = stored
    this.#lanes.set(`${source}/${partition}`, {
      source,
      id: stored.source,
      partition,
      fingerprint,
      start,
      next,
      proof,
      sealedNext: next,
      durableNext: next,
      drained,
      planned: true,
      planDurable: true,
      changed: false,
    })
  }

  /** For the group's header. */
  stored(): StoredSource[] {
    const list = [...this.#foreign]
    for (const lane of this.#lanes.values()) {
      const { id: source, partition, start, sealedNext: next, proof, fingerprint, drained } = lane
      list.push({ source, partition, start, next, proof, fingerprint, drained })
    }
    return list
  }
}
