import type { Pipeline } from 'millrace'
import { entity, json, pipeline, sink, source } from 'millrace'

export interface Item {
  customer: string
  cents: number
}

export const items = source(
  'items',
  json((raw) => raw as Item),
)
export const totals = sink(
  'totals',
  json((raw) => raw as { customer: string; cents: number }),
)

/** Adds up what each customer spends. The careless one cannot stand a sum below zero. */
export function orders(careless: boolean): Pipeline {
  const Customer = entity('customer', {
    state: () => ({ cents: 0 }),
    on: {
      spend(customer, { cents }: Item, ctx) {
        customer.cents += cents
        if (careless && cents < 0) throw new RangeError(`${cents} cents cannot be spent`)
        return { customer: ctx.key, cents: customer.cents }
      },
    },
  })
  return pipeline('orders', ({ from }) => {
    from(items)
      .keyBy((item) => item.customer)
      .to(Customer.spend)
      .into(totals)
  })
}
