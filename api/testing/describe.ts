import { inspect } from 'node:util'
import type { Codec } from '../../runtime/shard/codec.ts'
import type { Handled } from '../../runtime/shard/handled.ts'
import { MessageId } from '../../runtime/shard/message-id.ts'
import type { Plan } from '../../runtime/shard/plan.ts'

/** Effects of one message whose receivers can be told who sent them. */
const knownEffects = 64

/** Says who sent what to whom. Told of every handled message in order, it finds out who sent the later ones. */
export class Describer {
  readonly #plan: Plan
  readonly #codec: Codec
  /** Who handled the message that caused one with this id. */
  readonly #senders = new Map<string, string>()
  readonly #parent = new MessageId()
  readonly #child = new MessageId()

  constructor(plan: Plan, codec: Codec) {
    this.#plan = plan
    this.#codec = codec
  }

  line(handled: Handled): string {
    const { outcome } = handled
    const text = `${this.#from(handled)} -> ${this.#to(handled)} ${shownBytes(handled.message, this.#codec)}`
    this.#remember(handled)
    return outcome === 'ok' ? text : `${text} (${outcome === 'dead-letter' ? 'dead letter' : outcome})`
  }

  #from({ origin, id }: Handled): string {
    if (origin.kind === 'record') return `${this.#plan.sources[origin.source]!.name}[${origin.offset}]`
    if (origin.kind === 'timer') return `timer ${origin.timer}`
    if (origin.kind === 'request') return 'a caller'
    return this.#senders.get(id) ?? 'an entity'
  }

  #to({ route, key }: Handled): string {
    const { routes, entities, sinks } = this.#plan
    const found = routes[route]
    if (found !== undefined) return `${entities[found.entity]!.name}.${found.handler} ${JSON.stringify(key)}`
    return route === -1 ? 'dead letters' : `sink ${sinks[-2 - route]?.name}`
  }

  #remember({ id, route, key }: Handled): void {
    const found = this.#plan.routes[route]
    if (found === undefined) return
    const name = `${this.#plan.entities[found.entity]!.name} ${JSON.stringify(key)}`
    this.#parent.set(Number.parseInt(id.slice(0, 8), 16), Number.parseInt(id.slice(8), 16))
    for (let effect = 0; effect < knownEffects; effect++) {
      this.#child.derive(this.#parent, effect)
      this.#senders.set(hex(this.#child.high) + hex(this.#child.low), name)
    }
  }
}

/** A value in one short line. */
export function shown(value: unknown): string {
  const line = inspect(value, { depth: 6, breakLength: Number.POSITIVE_INFINITY, maxStringLength: 60 })
  return line.length > 160 ? `${line.slice(0, 157)}...` : line
}

function shownBytes(bytes: Uint8Array, codec: Codec): string {
  try {
    const value = codec.decode(bytes, 0, bytes.length)
    return value === undefined ? '' : shown(value)
  } catch {
    return `${bytes.length} bytes`
  }
}

function hex(half: number): string {
  return (half >>> 0).toString(16).padStart(8, '0')
}
