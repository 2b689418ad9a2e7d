import { MillraceError } from '../base/errors.ts'
import { maxStateBytes } from '../base/limits.ts'
import { type Codec, UnencodableError } from '../shard/codec.ts'
import type { EntityPlan } from '../shard/plan.ts'
import { sameBytes } from './problems.ts'

export interface PlainTimer {
  readonly name: string
  readonly atMs: number
  /** Stable name of the route. */
  readonly route: string
  readonly bytes: Uint8Array
  readonly timeMs: number
  readonly id: string
  readonly attempts: number
  /** Moment of the commit that set it. */
  readonly setBy: number
}

/** An entity as the plain handlers have left it. Between two calls nothing lives but bytes. */
export class PlainEntity {
  readonly name: string
  readonly key: string
  readonly shard: number
  /** Undefined: never seen, or forgotten. */
  state: Uint8Array | undefined = undefined
  /** Version of the shape of `state`. */
  version = 1
  readonly activities: Map<string, Uint8Array> = new Map()
  readonly timers: Map<string, PlainTimer> = new Map()
  seenMs = 0
  /** What could not be encoded after a call: a later message of the same commit may still put it right. */
  #unkept: Live | undefined = undefined

  constructor(name: string, key: string, shard: number) {
    this.name = name
    this.key = key
    this.shard = shard
  }

  /** The objects for one call. */
  open(plan: EntityPlan, codec: Codec): Live {
    if (this.#unkept !== undefined) return this.#unkept
    return new Live(
      this.state === undefined ? plan.create() : upToDate(plan, this.state, this.version, codec),
      (partner) => {
        const bytes = this.activities.get(partner)
        return bytes === undefined ? plan.createActivity!() : (codec.decode(bytes, 0, bytes.length) as object)
      },
    )
  }

  /** Keeps what a call has left. False: it cannot be kept as it is. */
  keep(live: Live, plan: EntityPlan, codec: Codec): boolean {
    try {
      const state = encoded(live.state, codec)
      const activities = [...live.activities].map(([partner, activity]) => [partner, encoded(activity, codec)] as const)
      this.state = state
      this.version = plan.version
      for (const [partner, bytes] of activities) this.activities.set(partner, bytes)
      this.#unkept = undefined
      return true
    } catch (error) {
      if (!(error instanceof UnencodableError) && !(error instanceof MillraceError)) throw error
      this.#unkept = live
      return false
    }
  }

  /** Whether the last call left something that cannot be kept. */
  get isUnkept(): boolean {
    return this.#unkept !== undefined
  }

  /** Whether `live` could be kept. */
  static canKeep(live: Live, codec: Codec): boolean {
    try {
      for (const object of [live.state, ...live.activities.values()]) encoded(object, codec)
      return true
    } catch {
      return false
    }
  }

  forget(): void {
    this.state = undefined
    this.#unkept = undefined
    this.activities.clear()
    this.timers.clear()
  }
}

export class Live {
  readonly state: object
  readonly activities: Map<string, object> = new Map()
  readonly #load: (partner: string) => object

  constructor(state: object, load: (partner: string) => object) {
    this.state = state
    this.#load = load
  }

  activity(partner: string): object {
    let found = this.activities.get(partner)
    if (found === undefined) this.activities.set(partner, (found = this.#load(partner)))
    return found
  }

  /** Whether both would be kept as the same bytes. What cannot be kept is like all that cannot. */
  isSame(other: Live, codec: Codec): boolean {
    const bytesOf = (object: object | undefined): Uint8Array | undefined => {
      try {
        return object === undefined ? undefined : encoded(object, codec)
      } catch {
        return undefined
      }
    }
    const partners = new Set([...this.activities.keys(), ...other.activities.keys()])
    return (
      sameBytes(bytesOf(this.state), bytesOf(other.state)) &&
      [...partners].every((partner) =>
        sameBytes(bytesOf(this.activities.get(partner)), bytesOf(other.activities.get(partner))),
      )
    )
  }
}

/** A state as an object of today's shape. */
export function upToDate(plan: EntityPlan, state: Uint8Array, version: number, codec: Codec): object {
  let value: unknown = codec.decode(state, 0, state.length)
  for (let at = version; at < plan.version; at++) value = plan.upcasts[at - 1]!(value)
  return value as object
}

function encoded(value: object, codec: Codec): Uint8Array {
  const bytes = codec.encode(value).slice()
  if (bytes.length > maxStateBytes)
    throw new MillraceError('MR_STATE_TOO_LARGE', `${bytes.length} bytes`, { next: 'Split it' })
  return bytes
}
