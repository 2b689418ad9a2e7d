import { decodeRecord } from '../../../runtime/changelog/log-record.ts'
import type { Claim } from '../../../runtime/changelog/judge.ts'
import type { GroupPlace } from '../../../runtime/node/grpc/process-links.ts'
import type { Log, LogRead } from '../../../runtime/ports/log.ts'

/** Between two looks at the claims of one group. */
const lookMs = 250

interface Known {
  next: number
  claim: Claim | undefined
  lookedMs: number
  isLooking: boolean
}

/**
 * Where groups are, by the claims in their changelogs. What is said here may be old: a frame that goes to the wrong place is dropped
 * there, and sent again.
 */
export class ClaimDirectory {
  readonly #log: Log
  readonly #groups = new Map<number, Known>()

  constructor(log: Log) {
    this.#log = log
  }

  /** What is known. Who asks makes it look again, if it has not for a while. */
  placeOf(group: number): GroupPlace | undefined {
    let known = this.#groups.get(group)
    if (known === undefined)
      this.#groups.set(group, (known = { next: 0, claim: undefined, lookedMs: -lookMs, isLooking: false }))
    if (!known.isLooking && performance.now() - known.lookedMs >= lookMs) this.#look(group, known)
    const { claim } = known
    return claim && { address: claim.address, incarnation: processOf(claim.incarnation) }
  }

  #look(group: number, known: Known): void {
    known.isLooking = true
    this.#log.read(group, known.next, (error, found) => {
      // Brokers that are away are asked again by whoever needs the place.
      const isMore = error === undefined && this.#learn(group, known, found!)
      if (isMore) return this.#look(group, known)
      known.lookedMs = performance.now()
      known.isLooking = false
    })
  }

  /** Whether there is more to read. */
  #learn(group: number, known: Known, { low, end, records }: LogRead): boolean {
    if (records.length === 0) {
      const next = Math.max(known.next, low)
      const isMore = next > known.next && next < end
      known.next = next
      return isMore
    }
    for (const bytes of records) {
      const { entry } = decodeRecord(bytes, `record ${known.next} of partition ${group} of the changelog`)
      const claim = entry.kind === 'claim' ? entry.claim : entry.kind === 'begin' ? entry.standing.claim : undefined
      if (claim !== undefined && claim.epoch > (known.claim?.epoch ?? 0)) known.claim = claim
      known.next += 1
    }
    return known.next < end
  }
}

/** Every opening of a group claims under a name of its own, which begins with that of its process. */
export function ownerName(process: string, group: number, opening: number): string {
  return `${process}/${group}/${opening}`
}

function processOf(owner: string): string {
  return owner.slice(0, owner.indexOf('/'))
}
