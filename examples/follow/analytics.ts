/**
 * Counts follows and unfollows of each hour. Every event makes a count, but a reader of the topic needs the latest of each hour only.
 *
 *   millrace run analytics.ts --data analytics-data
 */
import { bind, entity, hours, json, pipeline, sink } from 'millrace'
import { kafka } from 'millrace/kafka'
import { type Follow, follows } from './follows.ts'

type HourCount = { hour: string; follows: number; unfollows: number }

export const hourCounts = sink(
  'hour-counts',
  json((raw) => raw as HourCount),
  { key: ({ hour }) => hour },
)

export const Hour = entity('hour', {
  state: () => ({ follows: 0, unfollows: 0 }),
  on: {
    count(hour, { kind }: Follow, ctx) {
      if (kind === 'follow') hour.follows += 1
      else hour.unfollows += 1
      return { hour: ctx.key, ...hour }
    },
  },
})

export const analytics = pipeline('analytics', ({ from }) => {
  from(follows)
    .keyBy(({ atMs }) => new Date(atMs - (atMs % hours)).toISOString())
    .to(Hour.count)
    .into(hourCounts)
})

export default bind(analytics, [
  follows.from(kafka({ topic: 'follows' })),
  hourCounts.to(kafka({ topic: 'hour-counts', latest: true })),
])
