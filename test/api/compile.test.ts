import { entity, json, pipeline, sink, source, text } from 'millrace'
import { describe, expect, test } from 'vitest'
import { compile } from '../../api/compile.ts'
import { received, run } from './flow-recorder.ts'

type Item = { id: string; group: string; n: number }

const items = source(
  'items',
  json((raw) => raw as Item),
)
const others = source(
  'others',
  json((raw) => raw as Item),
)
const results = sink(
  'results',
  json((raw) => raw as unknown),
)
const audit = sink(
  'audit',
  json((raw) => raw as unknown),
  { key: () => 'all' },
)

const Group = entity('group', {
  state: () => ({ n: 0 }),
  on: {
    add(group, item: Item) {
      group.n += item.n
      return item.n > 10 ? { kind: 'large', n: item.n } : { kind: 'small', n: item.n }
    },
    note(group, { n }: Item) {
      group.n -= n
    },
  },
})
const Total = entity('total', {
  state: () => ({ n: 0 }),
  activity: () => ({ seen: 0 }),
  upcasts: [(v1: { sum: number }) => ({ n: v1.sum })],
  ttlMs: 5,
  onError: { retry: 2, then: 'stop' },
  on: { add: (total, { n }: { n: number }) => ({ total: (total.n += n) }) },
})
const item: Item = { id: 'i', group: 'g', n: 1 }

describe('routes', () => {
  const plan = compile(
    pipeline('p', ({ from }) => {
      const added = from(items)
        .keyBy((i) => i.group)
        .to(Group.add)
      added.into(results)
      added
        .keyBy(() => 'all')
        .to(Total.add)
        .into(audit)
      from(others)
        .merge(from(items))
        .keyBy((i) => i.group)
        .to(Group.add)
      from(items)
        .keyBy((i) => i.id)
        .to(Group.add)
      from(Group.add).into(audit)
      from(Total.add)
        .map(({ total }) => ({ n: total }))
        .keyBy(() => 'x')
        .to(Total.add)
    }),
  )
  const routeNamed = (name: string) => plan.routes.find((route) => route.name === name)!

  test('one for every handler, one for every .to(...), each with a durable name', () => {
    expect(plan.routes.map(({ name }) => name)).toEqual([
      'group.add',
      'group.note',
      'total.add',
      'items>group.add',
      'items>group.add>total.add',
      'items|others>group.add',
      'items>group.add#2',
      'total.add>total.add',
    ])
    expect(new Set(plan.routes.map(({ name }) => name)).size).toBe(plan.routes.length)
    expect(plan.routeOf.get(Group.note)).toBe(1)
    expect(routeNamed('items>group.add')).toMatchObject({ entity: 0, handler: 'add' })
  })

  test('a route of a .to(...) flows on from there and to from(handler), a default route to from(handler) only', () => {
    const value = { kind: 'small', n: 1 }
    expect(run(routeNamed('items>group.add').outputs!, value, plan)).toEqual([
      ['sink', 'results', value],
      ['entity', 'items>group.add>total.add', 'all', value],
      ['sink', 'audit', value],
    ])
    expect(run(routeNamed('group.add').outputs!, value, plan)).toEqual([['sink', 'audit', value]])
    expect(routeNamed('group.note').outputs).toBeUndefined()
  })

  test('the functions are those of the user', () => {
    const state = { n: 1 }
    expect(routeNamed('items>group.add').run(state, { ...item, n: 20 }, {})).toEqual({ kind: 'large', n: 20 })
    expect(state.n).toBe(21)
    expect(Group.add({ n: 0 }, item)).toEqual({ kind: 'small', n: 1 })
  })

  test('what is known of an entity is in its plan', () => {
    expect(plan.entities.map(({ name, version, ttlMs, onError }) => ({ name, version, ttlMs, onError }))).toEqual([
      { name: 'group', version: 1, ttlMs: undefined, onError: { retries: 0, delayMs: 0, then: 'dead-letter' } },
      { name: 'total', version: 2, ttlMs: 5, onError: { retries: 2, delayMs: 1_000, then: 'stop' } },
    ])
    expect(plan.entities[1]!.create()).toEqual({ n: 0 })
    expect(plan.entities[1]!.createActivity!()).toEqual({ seen: 0 })
    expect(plan.entities[1]!.upcasts[0]!({ sum: 3 })).toEqual({ n: 3 })
  })
})

describe('flows', () => {
  test('a value goes to its receivers in the order in which they were written, each with all that follows', () => {
    const seen = received(
      ({ from }) => {
        const all = from(items)
        const twice = all.flatMap((i) => [i.n, i.n + 1])
        twice.into(results)
        all.filter((i) => i.n > 5).into(audit)
        twice.map((n) => -n).into(audit)
        const keyed = all.keyBy((i) => i.group)
        keyed.to(Group.add)
        keyed.to(Group.note)
      },
      [{ ...item, n: 9 }],
    )
    expect(seen).toEqual([
      ['sink', 'results', 9],
      ['sink', 'audit', -9],
      ['sink', 'results', 10],
      ['sink', 'audit', -10],
      ['sink', 'audit', { ...item, n: 9 }],
      ['entity', 'items>group.add', 'g', { ...item, n: 9 }],
      ['entity', 'items>group.note', 'g', { ...item, n: 9 }],
    ])
  })

  test('a key is asked for once, whoever gets the value', () => {
    let asked = 0
    received(
      ({ from }) => {
        const keyed = from(items).keyBy((i) => {
          asked += 1
          return i.group
        })
        keyed.to(Group.add)
        keyed.to(Group.note)
      },
      [item],
    )
    expect(asked).toBe(1)
  })

  test('a stream merged with itself gives every value twice', () => {
    const seen = received(
      ({ from }) => {
        const all = from(items)
        all.merge(all).into(results)
      },
      [item],
    )
    expect(seen).toEqual([
      ['sink', 'results', item],
      ['sink', 'results', item],
    ])
  })

  test('a branch gives each word its stream, and drops the words that nobody asked for', () => {
    type Event = { kind: 'made' | 'moved' | 'gone'; n: number }
    const events = source(
      'events',
      json((raw) => raw as Event),
    )
    const seen = received(
      ({ from }) => {
        const { made, gone } = from(events).branch('kind')
        gone.into(audit)
        made.map((event) => event.n).into(results)
        made.into(audit)
      },
      [{ kind: 'made', n: 1 }, { kind: 'moved', n: 2 }, { kind: 'gone', n: 3 }, { n: 4 }],
    )
    expect(seen).toEqual([
      ['sink', 'results', 1],
      ['sink', 'audit', { kind: 'made', n: 1 }],
      ['sink', 'audit', { kind: 'gone', n: 3 }],
    ])
  })

  test('a step whose results nobody receives is not run', () => {
    let ran = 0
    const seen = received(
      ({ from }) => {
        from(items).map((i) => {
          ran += 1
          return i
        })
      },
      [item],
    )
    expect([seen, ran]).toEqual([[], 0])
  })

  test('what a step throws comes out as it is', () => {
    const mistake = new Error('mine')
    const failing = (): unknown =>
      received(
        ({ from }) =>
          from(items)
            .map((): number => {
              throw mistake
            })
            .into(results),
        [item],
      )
    expect(failing).toThrow(mistake)
  })
})

describe('sources and sinks', () => {
  test('decode, time, key and encode are those of the ends', () => {
    const timed = source('timed', text, { time: (line) => Number(line) })
    const plan = compile(pipeline('p', ({ from }) => from(timed).into(audit)))
    const bytes = new TextEncoder().encode('17')
    expect(plan.sources[0]!.decode(bytes)).toBe('17')
    expect(plan.sources[0]!.time!('17')).toBe(17)
    expect(plan.sinks[0]!.key!('17')).toBe('all')
    expect(plan.sinks[0]!.encode({ n: 1 })).toBe('{"n":1}')
    expect(plan.deadLetterSink).toBeUndefined()
  })

  test('a source that is named twice is one stream', () => {
    const plan = compile(
      pipeline('p', ({ from }) => {
        from(items).into(results)
        from(items).into(audit)
      }),
    )
    expect(plan.sources).toHaveLength(1)
    expect(run(plan.sources[0]!.flow, item, plan)).toEqual([
      ['sink', 'results', item],
      ['sink', 'audit', item],
    ])
  })
})
