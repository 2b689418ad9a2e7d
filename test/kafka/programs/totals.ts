import { entity, json, pipeline, sink, source } from 'millrace'

export interface Event {
  key: string
  value: number
}

export interface Total {
  key: string
  /** Of the event that made it. */
  value: number
  count: number
  sum: number
  min: number
  max: number
}

export const events = source(
  'events',
  json((raw) => raw as Event),
)
export const totals = sink(
  'totals',
  json((raw) => raw as Total),
  { key: ({ key }) => key },
)

/** Kafka's own test of its exactly-once streams, as one entity: running figures of every key. */
const Figures = entity('figures', {
  state: () => ({ count: 0, sum: 0, min: Infinity, max: -Infinity }),
  on: {
    event(figures, { key, value }: Event) {
      figures.count += 1
      figures.sum += value
      figures.min = Math.min(figures.min, value)
      figures.max = Math.max(figures.max, value)
      return { key, value, ...figures }
    },
  },
})

export default pipeline('totals', ({ from }) => {
  from(events)
    .keyBy(({ key }) => key)
    .to(Figures.event)
    .into(totals)
})
