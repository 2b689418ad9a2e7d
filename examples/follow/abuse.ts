/**
 * Suspects whoever follows more than twenty people within a minute of event time, once a minute at most.
 *
 *   millrace run abuse.ts --data abuse-data
 */
import { bind, entity, json, minutes, pipeline, sink } from 'millrace'
import { kafka } from 'millrace/kafka'
import { type Follow, follows } from './follows.ts'

type Suspicion = { user: string; follows: number; atMs: number }

export const suspicions = sink(
  'suspicions',
  json((raw) => raw as Suspicion),
  { key: ({ user }) => user },
)

const most = 20

export const Actor = entity('actor', {
  state: () => ({ recentMs: [] as number[], suspectedMs: -Infinity }),
  on: {
    follow(actor, { atMs }: Follow, ctx) {
      actor.recentMs = [...actor.recentMs.filter((each) => each > atMs - minutes), atMs]
      if (actor.recentMs.length <= most || actor.suspectedMs > atMs - minutes) return
      actor.suspectedMs = atMs
      return { user: ctx.key, follows: actor.recentMs.length, atMs }
    },
  },
})

export const abuse = pipeline('abuse', ({ from }) => {
  from(follows)
    .filter(({ kind }) => kind === 'follow')
    .keyBy(({ follower }) => follower)
    .to(Actor.follow)
    .into(suspicions)
})

export default bind(abuse, [follows.from(kafka({ topic: 'follows' })), suspicions.to(kafka({ topic: 'suspicions' }))])
