import { entity, type Pipeline, pipeline, type Sink, type Source } from 'millrace'

export interface Order {
  customer: string
  cents: number
}

const Customer = entity('customer', {
  state: () => ({ cents: 0 }),
  on: {
    order(state, { customer, cents }: Order, ctx) {
      if (cents < 0) throw new Error('nobody pays less than nothing')
      state.cents += cents
      return { customer, cents: state.cents, time: ctx.time }
    },
  },
})

/** What each customer spends, added up: for tests of ends and formats. */
export function spending(orders: Source<Order>, totals: Sink<Order>): Pipeline {
  return pipeline('spending', ({ from }) => {
    from(orders)
      .keyBy(({ customer }) => customer)
      .to(Customer.order)
      .into(totals)
  })
}
