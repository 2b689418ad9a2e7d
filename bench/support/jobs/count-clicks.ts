/** Counts clicks per key from topic to topic, exactly once. */
import { bind, entity, json, pipeline, type Program, sink, source } from 'millrace'
import { kafka } from 'millrace/kafka'
import { type Click, type Count, countParametersHere } from './count-parameters.ts'

const clicks = source(
  'clicks',
  json((raw) => raw as Click),
)
const counts = sink(
  'counts',
  json((raw) => raw as Count),
  { key: ({ key }) => key },
)
const Counter = entity('counter', {
  state: () => ({ count: 0 }),
  on: {
    click(state, { key }: Click) {
      state.count += 1
      return { key, count: state.count }
    },
  },
})
const counting = pipeline('counting', ({ from }) => {
  from(clicks)
    .keyBy(({ key }) => key)
    .to(Counter.click)
    .into(counts)
})

const { brokers, from, to, latest } = countParametersHere()
const program: Program = bind(counting, [
  clicks.from(kafka({ topic: from, brokers, group: false })),
  counts.to(kafka({ topic: to, brokers, latest })),
])
export default program
