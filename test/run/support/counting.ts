import { entity, type Pipeline, pipeline, source, text } from 'millrace'

const ticks = source('ticks', text)

const Counter = entity('counter', {
  state: () => ({ count: 0 }),
  on: { tick: (state, _key: string) => void state.count++ },
})

/** Counts the records of source `ticks` by what they say. */
export const counting: Pipeline = pipeline('counting', ({ from }) => {
  from(ticks)
    .keyBy((key) => key)
    .to(Counter.tick)
})
