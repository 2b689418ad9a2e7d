/**
 * Tells people of a new follower: once for each, however often that one comes and goes. What is known of a follower is an
 * activity, so that somebody with a million of them costs no more than anybody else.
 *
 *   millrace run notifications.ts --data notifications-data
 */
import { bind, entity, json, pipeline, sink } from 'millrace'
import { kafka } from 'millrace/kafka'
import { type Follow, follows } from './follows.ts'

type Notification = { user: string; follower: string; total: number }

export const notifications = sink(
  'notifications',
  json((raw) => raw as Notification),
  { key: ({ user }) => user },
)

export const Followed = entity('followed', {
  state: () => ({ total: 0 }),
  activity: () => ({ told: false }),
  on: {
    change(followed, { kind, follower }: Follow, ctx) {
      const known = ctx.activity(follower)
      if (kind === 'unfollow' || known.told) return
      known.told = true
      followed.total += 1
      return { user: ctx.key, follower, total: followed.total }
    },
  },
})

export const notifying = pipeline('notifications', ({ from }) => {
  from(follows)
    .keyBy(({ followee }) => followee)
    .to(Followed.change)
    .into(notifications)
})

export default bind(notifying, [
  follows.from(kafka({ topic: 'follows' })),
  notifications.to(kafka({ topic: 'notifications' })),
])
