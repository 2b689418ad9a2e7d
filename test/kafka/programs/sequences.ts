import { entity, json, pipeline, sink, source } from 'millrace'

export interface Event {
  key: string
  /** 1, 2, 3, ... for each key. */
  sequence: number
}

/** What came where something else was due; or where a key is. */
export type Finding =
  | { kind: 'gap'; where: string; key: string; last: number; next: number }
  | { kind: 'reached'; where: string; key: string; sequence: number }

export const events = source(
  'events',
  json((raw) => raw as Event),
)
export const findings = sink(
  'findings',
  json((raw) => raw as Finding),
  { key: ({ where, key }) => `${where} ${key}` },
)

function follow(where: string, key: string, last: number, next: number): Finding {
  if (next - last !== 1) return { kind: 'gap', where, key, last, next }
  return { kind: 'reached', where, key, sequence: next }
}

interface ArrivalState {
  last: number
  total: bigint
  recent: number[]
  byRest: Map<number, number>
  bytes: Uint8Array
}

/** Whether state of every kind says the same. */
function isWhole({ last, total, recent, byRest, bytes }: ArrivalState): boolean {
  const counted = [...byRest.values()].reduce((sum, count) => sum + count, 0)
  return (
    total === (BigInt(last) * BigInt(last + 1)) / 2n &&
    recent.every((sequence, i) => sequence === last - recent.length + 1 + i) &&
    counted === last &&
    new DataView(bytes.buffer, bytes.byteOffset).getUint16(0) === last
  )
}

/** Where events arrive. */
export const Arrival = entity('arrival', {
  state: (): ArrivalState => ({ last: 0, total: 0n, recent: [], byRest: new Map(), bytes: new Uint8Array(2) }),
  on: {
    event(arrival, { key, sequence }: Event, ctx) {
      const { last, recent, byRest, bytes } = arrival
      arrival.last = sequence
      arrival.total += BigInt(sequence)
      recent.push(sequence)
      if (recent.length > 5) recent.shift()
      byRest.set(sequence % 7, (byRest.get(sequence % 7) ?? 0) + 1)
      bytes[0] = sequence >> 8
      bytes[1] = sequence & 255
      ctx.after(1, Arrival.quiet, sequence)
      ctx.send(Relay.event, key, { key, sequence })
      return follow('arrival', key, isWhole(arrival) ? last : -1, sequence)
    },
    /** A timer that every event sets anew: it comes for the last of them only. */
    quiet(arrival, sequence: number, ctx) {
      if (sequence !== arrival.last) return follow('timer', ctx.key, arrival.last, sequence)
    },
  },
})

/** Of the same key, somewhere else. */
export const Relay = entity('relay', {
  state: () => ({ last: 0 }),
  on: {
    event(relay, { key, sequence }: Event, ctx) {
      const { last } = relay
      relay.last = sequence
      ctx.send(Group.event, `group ${Number(key.split(' ')[1]) % 5}`, { key, sequence })
      return follow('relay', key, last, sequence)
    },
  },
})

/** Of several keys. */
export const Group = entity('group', {
  state: () => ({ lasts: new Map<string, number>() }),
  on: {
    event(group, { key, sequence }: Event) {
      const last = group.lasts.get(key) ?? 0
      group.lasts.set(key, sequence)
      return follow('group', key, last, sequence)
    },
  },
})

/** Flink's all-round check of its jobs: sequences per key, of which the next minus the current is always 1, in every place. */
export default pipeline('sequences', ({ from, use }) => {
  use(Relay, Group)
  from(events)
    .keyBy(({ key }) => key)
    .to(Arrival.event)
  for (const place of [Arrival.event, Arrival.quiet, Relay.event, Group.event]) from(place).into(findings)
})
