import { entity, json, pipeline, sink, source } from 'millrace'
import { conserved, orderPerKey, standard } from 'millrace/testing'
import type { Planted } from './planted.ts'

type Sale = { id: number; shop: string; region?: string; amount: number }
export const sales = source(
  'sales',
  json((raw) => raw as Sale),
)
const list: Sale[] = Array.from({ length: 16 }, (_, i) => {
  const sale = { id: i % 11, shop: `s${i % 3}`, amount: 1 + (i % 4) }
  return i % 5 === 3 ? sale : { ...sale, region: `r${i % 2}` }
})

const Shop = entity('shop', {
  state: () => ({ sum: 0 }),
  on: {
    sell(shop, sale: Sale) {
      shop.sum += sale.amount
      return sale
    },
  },
})
const Region = entity('region', {
  state: () => ({ sum: 0 }),
  on: {
    add(region, { amount }: Sale) {
      region.sum += amount
    },
  },
})

const known = new Set<number>()
const Once = entity('once', {
  state: () => ({ done: false, sum: 0 }),
  on: {
    sell(once, { amount }: Sale) {
      if (once.done) return
      once.done = true
      once.sum += amount
    },
  },
})
const remembersInAStep: Planted = {
  bug: 'leaves out what it has seen, in a step',
  property: 'pureSteps',
  seeds: 1,
  // What was remembered cannot be forgotten for another try with less input; but the failure names the record.
  records: 16,
  says: /the steps behind source sales make 0 instead of 1 messages of \{ id: 0, .* when they are run again/,
  options: { inputs: [sales.from(list)] },
  wrong: pipeline('sales', ({ from }) => {
    from(sales)
      .filter(({ id }) => !known.has(id) && known.add(id).size > 0)
      .keyBy(({ shop }) => shop)
      .to(Shop.sell)
  }),
  right: pipeline('sales', ({ from }) => {
    from(sales)
      .keyBy(({ id }) => String(id))
      .to(Once.sell)
  }),
}

let sequence = 0
const numbersInAStep: Planted = {
  bug: 'numbers records in a step',
  property: 'pureSteps',
  seeds: 1,
  records: 1,
  says: /the steps behind source sales make other messages of \{ id: \d+, .* when they are run again/,
  options: { inputs: [sales.from(list)] },
  wrong: pipeline('numbered', ({ from }) => {
    from(sales)
      .map((sale) => ({ ...sale, id: ++sequence }))
      .keyBy(({ shop }) => shop)
      .to(Shop.sell)
  }),
  right: pipeline('numbered', ({ from }) => {
    from(sales)
      .keyBy(({ shop }) => shop)
      .to(Shop.sell)
  }),
}

const losesOnRekeying: Planted = {
  bug: 'loses what has no key when it is keyed again',
  property: 'conserved(sales)',
  seeds: 1,
  records: 1,
  says: /sales: \d+ came in, and \d+ is there in the end/,
  options: {
    inputs: [sales.from(list)],
    properties: [
      ...standard,
      conserved('sales', {
        enters: (inputs) => inputs.of(sales).reduce((sum, { amount }) => sum + amount, 0),
        held: (run) => run.sum(Region, ({ sum }) => sum),
      }),
    ],
  },
  names: { Region },
  wrong: pipeline('regions', ({ from }) => {
    from(sales)
      .keyBy(({ shop }) => shop)
      .to(Shop.sell)
      .filter(({ region }) => region !== undefined)
      .keyBy(({ region }) => region!)
      .to(Region.add)
  }),
  right: pipeline('regions', ({ from }) => {
    from(sales)
      .keyBy(({ shop }) => shop)
      .to(Shop.sell)
      .keyBy(({ region }) => region ?? 'nowhere')
      .to(Region.add)
  }),
}

const sold = sink(
  'sold',
  json((raw) => raw as Sale),
  { key: ({ shop }) => shop },
)
function ordered(keyOf: (sale: Sale) => string) {
  return pipeline('ordered', ({ from }) => {
    from(sales).keyBy(keyOf).to(Shop.sell).into(sold)
  })
}
const spreadsOneKey: Planted = {
  bug: 'spreads what must stay in order over several entities',
  property: 'orderPerKey(sold)',
  seeds: 40,
  records: 2,
  says: /sink sold holds .* before .*: what is to be in order must come from one entity/,
  options: {
    inputs: [sales.from(Array.from({ length: 16 }, (_, id) => ({ id, shop: `s${id % 2}`, amount: 1 })))],
    hosts: [2, 3],
    mayDiffer: true,
    properties: [orderPerKey(sold, { key: ({ shop }) => shop, order: ({ id }) => id })],
  },
  names: { sold },
  wrong: ordered(({ id }) => `worker ${id % 7}`),
  right: ordered(({ shop }) => shop),
}

export const steps: readonly Planted[] = [remembersInAStep, numbersInAStep, losesOnRekeying, spreadsOneKey]
