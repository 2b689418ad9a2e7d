import { encoding, entity, json, pipeline, sink, source } from 'millrace'
import { type Doubled, grind, type Item, patientDouble } from './steps.ts'

/** For processes of their own: sums per key, of numbers that were ground or doubled elsewhere. */
const ground = source(
  'ground',
  json((raw) => raw as Item),
)
const doubles = source(
  'doubles',
  json((raw) => raw as Item),
)
const results = sink(
  'results',
  encoding((value: unknown) => JSON.stringify(value)),
)

const Sum = entity('sum', {
  state: () => ({ sum: 0, count: 0 }),
  on: {
    add(state, { id, doubled }: Doubled) {
      state.sum += doubled
      state.count += 1
      return { id, sum: state.sum, count: state.count }
    },
  },
})

export default pipeline('sums', ({ from }) => {
  from(ground)
    .mapOffload(grind)
    .keyBy(({ id }) => `g${id % 50}`)
    .to(Sum.add)
    .into(results)
  from(doubles)
    .mapOffload(patientDouble)
    .keyBy(({ id }) => `d${id % 50}`)
    .to(Sum.add)
    .into(results)
})
