import { entity, json, minutes, pipeline, sink, source } from 'millrace'
import { context, harness, SimulationError } from 'millrace/testing'
import { describe, expect, test, vi } from 'vitest'
import alertsProgram, { alerts, transactions, User } from '../../examples/alerts/alerts.ts'
import { Card } from '../../examples/shop/card.ts'
import { Account, bank, deposits, refusals, transfers } from '../../examples/transfers/transfers.ts'

describe('harness', () => {
  test('what is pushed is handled, in order, before the call returns', () => {
    const h = harness(bank)
    h.push(deposits, { account: 'alice', amount: 10 }, { account: 'carol', amount: 1 })
    h.push(
      transfers,
      { id: 't1', from: 'alice', to: 'bob', amount: 4 },
      { id: 't2', from: 'bob', to: 'alice', amount: 5 },
    )
    expect(h.outputs(refusals)).toEqual([{ id: 't2', account: 'bob', refused: 5 }])
    expect(h.state(Account, 'alice')).toEqual({ balance: 6 })
    expect(h.state(Account, 'nobody')).toBeUndefined()
    expect([...h.states(Account)]).toEqual([
      ['alice', { balance: 6 }],
      ['bob', { balance: 4 }],
      ['carol', { balance: 1 }],
    ])
    expect(h.sum(Account, ({ balance }) => balance)).toBe(11)
    expect(h.deadLetters).toEqual([])
    expect(h.trace()).toContain('transfers[0] -> account.transfer "alice"')
    expect(h.trace()).toContain('account "alice" -> account.deposit "bob" { amount: 4 }')
  })

  test('a question is answered; what fails changes nothing, and what fails unasked is a dead letter', () => {
    const h = harness(bank)
    h.send(Account.deposit, 'alice', { amount: 10 })
    expect(h.ask(Account.balance, 'alice')).toBe(10)
    const Strict = entity('strict', {
      state: () => ({ n: 0 }),
      on: {
        add(strict, n: number) {
          strict.n += n
          if (n > 9) throw new RangeError('too much')
        },
      },
    })
    const numbers = source(
      'numbers',
      json((raw) => raw as number),
    )
    const strict = harness(
      pipeline('strict', ({ from }) => {
        from(numbers)
          .keyBy(() => 'one')
          .to(Strict.add)
      }),
    )
    expect(() => strict.send(Strict.add, 'one', 10)).toThrow(/MR_HANDLER_FAILED: strict.add failed .*too much/)
    strict.push(numbers, 10, 1)
    expect(strict.state(Strict, 'one')).toEqual({ n: 1 })
    expect(strict.deadLetters).toMatchObject([{ code: 'MR_HANDLER_FAILED', entity: 'strict', source: 'numbers' }])
    expect(strict.trace()).toContain('(dead letter)')
  })

  test('timers fire in their order, each at its time', () => {
    const h = harness(alertsProgram, { now: 0 })
    h.push(transactions, { user: 'ann', amount: 3_000 })
    h.advance(4 * minutes)
    h.push(transactions, { user: 'ann', amount: 1 })
    h.advance(4 * minutes)
    expect(h.outputs(alerts)).toEqual([{ kind: 'over', user: 'ann', total: 3_000 }])
    h.advance(1 * minutes)
    expect(h.outputs(alerts).at(-1)).toEqual({ kind: 'quiet', user: 'ann', total: 3_001 })
    expect(h.now).toBe(9 * minutes)
    h.advance(2 * 60 * minutes)
    expect(h.state(User, 'ann')).toBeUndefined()
  })

  test('what handlers may not do is said, with what to do instead', () => {
    const ticks = source(
      'ticks',
      json((raw) => raw as { n: number }),
    )
    const out = sink(
      'out',
      json((raw) => raw as number),
    )
    const one = (handle: (state: { at: number }, message: { n: number }) => void) => {
      const Tick = entity('tick', { state: () => ({ at: 0 }), on: { take: handle } })
      const h = harness(
        pipeline('ticks', ({ from }) => {
          from(ticks)
            .keyBy(() => 'k')
            .to(Tick.take)
          from(ticks)
            .map(({ n }) => n)
            .into(out)
        }),
      )
      return () => {
        h.push(ticks, { n: 1 })
        return h.state(Tick, 'k')
      }
    }
    const breaches: [(state: { at: number }, message: { n: number }) => void, RegExp][] = [
      [(state) => void (state.at = Date.now()), /Date\.now\(\) is used at .*harness\.test\.ts.*use ctx\.now/],
      [(state) => void (state.at = new Date().getTime()), /new Date\(\) is used at .*harness\.test\.ts.*use ctx\.now/],
      [(state) => void (state.at = Math.random()), /Math\.random\(\).*use ctx\.random\(\)/],
      [(state) => void (state.at = performance.now()), /performance\.now\(\).*use ctx\.now/],
      [() => void crypto.randomUUID(), /crypto\.randomUUID\(\).*use ctx\.random/],
      [() => void fetch('http://localhost'), /fetch\(\).*send its result as a message/],
      [() => void setTimeout(() => {}, 1), /setTimeout\(\).*use ctx\.after/],
      [(_, message) => void (message.n += 1), /tick\.take changes its message/],
    ]
    for (const [handle, words] of breaches) expect(one(handle)).toThrow(words)
    expect(one((state) => void (state.at = new Date(5).getTime()))()).toEqual({ at: 5 })
    expect(Date.now()).toBeGreaterThan(1e12)
    expect(Math.random()).toBeLessThan(1)
  })

  test('looking for a mistake with console.log is no mistake', () => {
    const said = vi.spyOn(console, 'log')
    const Talker = entity('talker', {
      state: () => ({ n: 0 }),
      on: { say: (_, n: number) => console.log('n', n, new Date(n)) },
    })
    harness(pipeline('talk', ({ use }) => use(Talker))).send(Talker.say, 'k', 5)
    expect(said).toHaveBeenCalledWith('n', 5, new Date(5))
    said.mockRestore()
  })

  test('a circle that nothing ends is told', () => {
    type Ball = { from: string }
    const Player = entity('player', {
      state: () => ({ hits: 0 }),
      on: {
        hit(player, { from }: Ball, ctx) {
          player.hits += 1
          ctx.send(Player.hit, from, { from: ctx.key })
        },
      },
    })
    const h = harness(pipeline('ping-pong', ({ use }) => use(Player)))
    expect(() => h.send(Player.hit, 'ann', { from: 'bob' })).toThrow(SimulationError)
  })

  test('ends and entities of others are refused by name', () => {
    const h = harness(bank)
    expect(() => h.push(transactions, { user: 'x', amount: 1 })).toThrow('has no source "transactions"')
    expect(() => h.outputs(alerts)).toThrow('has no sink "alerts"')
    expect(() => h.state(User, 'x')).toThrow('has no entity "user"')
    expect(() => h.send(Card.refund, 'x', { order: 'o' })).toThrow('has no handler "card.refund"')
  })
})

describe('context', () => {
  test('one context is one entity: its activities begin as declared, and its timers move', () => {
    const card = { limit: 10, charged: 0 }
    const ctx = context({ key: 'c1' })
    const replyTo = { entity: 'order', handler: 'charged', key: 'o1' }
    Card.charge(card, { amount: 4, replyTo }, ctx)
    Card.refund(card, { order: 'o2' }, ctx)
    expect(card.charged).toBe(4)
    Card.refund(card, { order: 'o1' }, ctx)
    expect(card.charged).toBe(0)
  })

  test('what is sent is a copy, and is data', () => {
    const message = { amount: 1 }
    const ctx = context()
    ctx.send(Account.deposit, 'bob', message)
    message.amount = 2
    expect(ctx.sent(Account.deposit)).toEqual([{ key: 'bob', message: { amount: 1 } }])
    const secret: unknown = { amount: () => 1 }
    expect(() => ctx.send(Account.deposit, 'bob', secret as { amount: number })).toThrow('only data')
  })

  test('the same seed gives the same chance', () => {
    const draw = (seed: number) => context({ seed }).random()
    expect(draw(3)).toBe(draw(3))
    expect(draw(3)).not.toBe(draw(4))
  })
})
