import { entity, json, many, pipeline, sink, source } from 'millrace'

type Event = { user: string; item: string }
export const events = source(
  'events',
  json((raw) => raw as Event),
)
export const erasures = source(
  'erasures',
  json((raw) => raw as { user: string }),
)
export const erased = sink(
  'erased',
  json((raw) => raw as { user: string; items: number }),
)
export const index = sink(
  'index',
  json((raw) => raw as { item: string; users: string[] }),
  { key: (entry) => entry.item },
)

/** Knows what was derived from a user, and where it went. */
export const User = entity('user', {
  state: () => ({ items: new Set<string>() }),
  on: {
    event(user, { item }: Event, ctx) {
      user.items.add(item)
      ctx.send(Item.liked, item, { user: ctx.key })
    },
    erase(user, _: { user: string }, ctx) {
      for (const item of user.items) ctx.send(Item.erase, item, { user: ctx.key })
      ctx.forget()
      return { user: ctx.key, items: user.items.size }
    },
  },
})
export const Item = entity('item', {
  state: () => ({ users: new Set<string>() }),
  on: {
    liked(item, { user }: { user: string }, ctx) {
      item.users.add(user)
      return { item: ctx.key, users: [...item.users] }
    },
    erase(item, { user }: { user: string }, ctx) {
      item.users.delete(user)
      return many([{ item: ctx.key, users: [...item.users] }])
    },
  },
})

export default pipeline('erasure', ({ from }) => {
  from(events)
    .keyBy((event) => event.user)
    .to(User.event)
  from(erasures)
    .keyBy((erasure) => erasure.user)
    .to(User.erase)
    .into(erased)
  from(Item.liked).merge(from(Item.erase)).into(index)
})
