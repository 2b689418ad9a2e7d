import { entity, json, pipeline, sink, source } from 'millrace'
import { effectivelyOnce, standard, upcasts } from 'millrace/testing'
import type { Planted } from './planted.ts'

type Part = { order: string; part: number }
export const parts = source(
  'parts',
  json((raw) => raw as Part),
)
const inputs = [parts.from(Array.from({ length: 15 }, (_, i) => ({ order: `o${i % 4}`, part: Math.floor(i / 4) % 3 })))]

class Money {
  readonly cents: number
  constructor(cents: number) {
    this.cents = cents
  }
  plus(other: number): Money {
    return new Money(this.cents + other)
  }
}
function priced<S extends object>(create: () => S, add: (state: S) => void) {
  const Order = entity('order', {
    state: create as () => { sum: number },
    on: { part: (state, _part: Part) => add(state as unknown as S) },
  })
  return pipeline('priced', ({ from }) => {
    from(parts)
      .keyBy(({ order }) => order)
      .to(Order.part)
  })
}
const keepsAnObject: Planted = {
  bug: 'keeps an object of a class',
  property: 'stateSurvivesCodec',
  seeds: 1,
  records: 1,
  says: /order\.part leaves a state that cannot be kept: .*sum/,
  options: { inputs },
  wrong: priced(
    () => ({ sum: new Money(0) }),
    (state) => void (state.sum = state.sum.plus(5)),
  ),
  right: priced(
    () => ({ sum: 0 }),
    (state) => void (state.sum += 5),
  ),
}

/** Version 1: `{ name }`. Version 2: `{ first, last }`. */
function named(upcast: (old: { name: string }) => { first: string; last: string }) {
  const Person = entity('person', {
    state: () => ({ first: '', last: '' }),
    upcasts: [upcast],
    on: {
      part(person, { order }: Part) {
        person.first = order
      },
    },
  })
  return {
    Person,
    pipeline: pipeline('people', ({ from }) => {
      from(parts)
        .keyBy(({ order }) => order)
        .to(Person.part)
    }),
  }
}
const hasty = named(({ name }) => {
  const [first, last] = name.split(' ') as [string, string]
  return { first, last }
})
const careful = named(({ name }) => {
  const [first = '', last = ''] = name.split(' ')
  return { first, last }
})
const old = { 1: [{ name: 'Ann Lee' }, { name: 'Cher' }] }
const upcastsBadly: Planted = {
  bug: 'an upcast that does not think of every old state',
  property: 'upcasts(person)',
  seeds: 1,
  records: 0,
  says: /a state of person of version 1, \{ name: 'Cher' \}, becomes one whose state\.last is undefined/,
  options: { inputs, properties: [...standard, upcasts(hasty.Person, old)] },
  names: { Person: hasty.Person },
  wrong: hasty.pipeline,
  right: careful.pipeline,
}

const done = sink(
  'done',
  json((raw) => raw as { order: string }),
  { key: ({ order }) => order },
)
function assembled(isNews: (order: { parts: Set<number>; told: boolean }) => boolean) {
  const Order = entity('order', {
    state: () => ({ parts: new Set<number>(), told: false }),
    on: {
      part(order, { part }: Part, ctx) {
        order.parts.add(part)
        if (order.parts.size < 3 || !isNews(order)) return
        order.told = true
        return { order: ctx.key }
      },
    },
  })
  return pipeline('assembled', ({ from }) => {
    from(parts)
      .keyBy(({ order }) => order)
      .to(Order.part)
      .into(done)
  })
}
export const saysTwice: Planted & { readonly out: typeof done } = {
  out: done,
  bug: 'says that it is done whenever a part comes again',
  property: 'effectivelyOnce(done)',
  seeds: 1,
  records: 4,
  says: /sink done holds two outputs called "o\d"/,
  options: { inputs, properties: [...standard, effectivelyOnce(done, { id: ({ order }) => order })] },
  names: { done },
  wrong: assembled(() => true),
  right: assembled(({ told }) => !told),
}

/** The properties of the right upcast, which belong to its own entity. */
export const rightUpcasts = upcasts(careful.Person, old)
export const state: readonly Planted[] = [keepsAnObject, upcastsBadly, saysTwice]
