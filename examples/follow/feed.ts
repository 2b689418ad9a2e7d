/**
 * Whose posts are in somebody's feed. The list is written whole, so that a reader needs the latest of each user only.
 *
 *   millrace run feed.ts --data feed-data
 */
import { bind, entity, json, pipeline, sink } from 'millrace'
import { kafka } from 'millrace/kafka'
import { type Follow, follows } from './follows.ts'

type Feed = { user: string; from: string[] }

export const feeds = sink(
  'feeds',
  json((raw) => raw as Feed),
  { key: ({ user }) => user },
)

export const Reader = entity('reader', {
  state: () => ({ following: new Set<string>() }),
  on: {
    change({ following }, { kind, followee }: Follow, ctx) {
      const before = following.size
      if (kind === 'follow') following.add(followee)
      else following.delete(followee)
      if (following.size !== before) return { user: ctx.key, from: [...following] }
    },
  },
})

export const feed = pipeline('feed', ({ from }) => {
  from(follows)
    .keyBy(({ follower }) => follower)
    .to(Reader.change)
    .into(feeds)
})

export default bind(feed, [
  follows.from(kafka({ topic: 'follows' })),
  feeds.to(kafka({ topic: 'feeds', latest: true })),
])
