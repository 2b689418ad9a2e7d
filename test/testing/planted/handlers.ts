import { entity, json, pipeline, seconds, sink, source } from 'millrace'
import type { Planted } from './planted.ts'

type Visit = { user: string; page: string; at: number }
export const visits = source(
  'visits',
  json((raw) => raw as Visit),
  { time: (visit) => visit.at },
)
const seen = sink(
  'seen',
  json((raw) => raw as { user: string; n: number }),
  { key: ({ user }) => user },
)
const inputs = [
  visits.from(Array.from({ length: 12 }, (_, i) => ({ user: `u${i % 3}`, page: `p${i % 5}`, at: i * 1_000 }))),
]
const options = { inputs }

function visited(handle: Parameters<typeof makeUser>[0]) {
  const User = makeUser(handle)
  return pipeline('visited', ({ from }) => {
    from(visits)
      .keyBy((visit) => visit.user)
      .to(User.visit)
      .into(seen)
  })
}

type Ctx = { key: string; time: number; random(): number }
function makeUser(
  handle: (user: { n: number; at: number }, visit: Visit, ctx: Ctx) => { user: string; n: number } | undefined,
) {
  return entity('user', {
    state: () => ({ n: 0, at: 0 }),
    on: { visit: (user, visit: Visit, ctx) => handle(user, visit, ctx) },
  })
}

const readsTheClock: Planted = {
  bug: 'reads the clock',
  property: 'deterministicHandlers',
  seeds: 1,
  records: 1,
  says: /Date\.now\(\) is used at .*handlers\.ts:\d+.*: use ctx\.now/,
  options,
  wrong: visited((user) => void (user.at = Date.now())),
  right: visited((user, _, ctx) => void (user.at = Math.max(user.at, ctx.time))),
}

const throwsDice: Planted = {
  bug: 'samples with Math.random',
  property: 'deterministicHandlers',
  seeds: 1,
  records: 1,
  says: /Math\.random\(\) is used at .*: use ctx\.random\(\)/,
  options,
  wrong: visited(({ n }, { user }) => (Math.random() < 0.5 ? { user, n } : undefined)),
  right: visited(({ n }, { user }, ctx) => (ctx.random() < 0.5 ? { user, n } : undefined)),
}

const changesItsMessage: Planted = {
  bug: 'changes its message',
  property: 'frozenMessages',
  seeds: 1,
  records: 1,
  says: /user\.visit changes its message/,
  options,
  wrong: visited((user, visit) => {
    visit.page = visit.page.toUpperCase()
    user.n += visit.page.length
    return undefined
  }),
  right: visited((user, visit) => {
    const page = visit.page.toUpperCase()
    user.n += page.length
    return undefined
  }),
}

let total = 0
const sharesModuleState: Planted = {
  bug: 'counts in a variable of its module',
  property: 'deterministicHandlers',
  seeds: 1,
  records: 1,
  says: /user\.visit does something else when it handles the same message again/,
  options,
  wrong: visited((_, { user }) => ({ user, n: ++total })),
  right: visited((state, { user }) => ({ user, n: ++state.n })),
}

const Waiting = entity('waiting', {
  state: () => ({ n: 0 }),
  on: {
    visit(waiting, _visit: Visit) {
      setTimeout(() => (waiting.n += 1), 10)
    },
  },
})
const Patient = entity('waiting', {
  state: () => ({ n: 0 }),
  on: {
    visit(_, _visit: Visit, ctx) {
      ctx.after(10, Patient.ring)
    },
    ring(patient) {
      patient.n = 1
    },
  },
})
const waitsForNobody: Planted = {
  bug: 'waits with setTimeout',
  property: 'deterministicHandlers',
  seeds: 1,
  records: 1,
  says: /setTimeout\(\) is used at .*: use ctx\.after/,
  options: { ...options, settleMs: 100 * seconds },
  wrong: pipeline('waiting', ({ from }) => {
    from(visits)
      .keyBy((visit) => visit.user)
      .to(Waiting.visit)
  }),
  right: pipeline('waiting', ({ from }) => {
    from(visits)
      .keyBy((visit) => visit.user)
      .to(Patient.visit)
  }),
}

type Ball = { to: string; left: number }
function game(isOver: (ball: Ball) => boolean) {
  const Player = entity('player', {
    state: () => ({ hits: 0 }),
    on: {
      visit(_, { user }: Visit, ctx) {
        ctx.send(Player.hit, `${user}!`, { to: user, left: 5 })
      },
      hit(player, ball: Ball, ctx) {
        player.hits += 1
        if (!isOver(ball)) ctx.send(Player.hit, ball.to, { to: ctx.key, left: ball.left - 1 })
      },
    },
  })
  return pipeline('game', ({ from }) => {
    from(visits)
      .keyBy((visit) => visit.user)
      .to(Player.visit)
  })
}
const playsForEver: Planted = {
  bug: 'two entities answer each other for ever',
  property: 'eventuallyQuiet',
  seeds: 1,
  records: 1,
  says: /does not come to rest/,
  options,
  wrong: game(() => false),
  right: game(({ left }) => left === 0),
}

export const handlers: readonly Planted[] = [
  readsTheClock,
  throwsDice,
  changesItsMessage,
  sharesModuleState,
  waitsForNobody,
  playsForEver,
]
