import { bind, entity, json, pipeline, source } from 'millrace'

/** Which of these mistakes it makes comes from the environment. */
const mistake = process.env['SIMULATED_MISTAKE']
export const numbers = source(
  'numbers',
  json((raw) => raw as number),
)

export const Sum = entity('sum', {
  onError: 'stop',
  state: () => ({ sum: 0 }),
  on: {
    add(state, n: number, ctx) {
      state.sum += mistake === 'wrong' ? Date.now() : n
      if (mistake === 'stuck') ctx.send(Sum.add, ctx.key, n)
    },
  },
})

export default bind(
  pipeline('sums', ({ from }) => {
    from(numbers)
      .keyBy((n) => `key ${n % 3}`)
      .to(Sum.add)
  }),
  [numbers.from([1, 2, 3, 4, 5, 6, 7])],
)
