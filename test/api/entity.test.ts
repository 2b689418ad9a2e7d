import { entity, json, many, minutes, pipeline, sink, source } from 'millrace'
import type { Address, Context, Handler, HandlerReturnsNothing, MessageOf, OutputFrom, StateOf, Stream } from 'millrace'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { compile } from '../../api/compile.ts'
import { entityOf, handlerOf } from '../../api/entity-definition.ts'
import type { Several } from '../../runtime/shard/plan.ts'

type Deposit = { amount: number }

const Account = entity('account', {
  state: () => ({ balance: 0 }),
  activity: () => ({ seen: 0 }),
  on: {
    deposit(account, { amount }: Deposit, ctx) {
      account.balance += amount
      ctx.after(10 * minutes, Account.expire)
      if (amount > 1_000) return { kind: 'large', amount }
      if (amount < 0) return { kind: 'negative', why: 'no' }
    },
    split: (_, parts: number[]) => many(parts.map((part) => ({ part }))),
    expire(account) {
      account.balance = 0
    },
    ask(account, { replyTo }: { replyTo: Address<number> }, ctx) {
      ctx.reply(replyTo, account.balance + ctx.activity(replyTo.key).seen)
    },
    balance: (account) => account.balance,
  },
})

describe('what a program never writes, but knows', () => {
  test('the types of messages, outputs and state', () => {
    expectTypeOf<MessageOf<typeof Account.deposit>>().toEqualTypeOf<Deposit>()
    expectTypeOf<MessageOf<typeof Account.expire>>().toEqualTypeOf<void>()
    expectTypeOf<OutputFrom<typeof Account.deposit>>().branded.toEqualTypeOf<
      { kind: 'large'; amount: number; why?: never } | { kind: 'negative'; why: string; amount?: never }
    >()
    expectTypeOf<OutputFrom<typeof Account.split>>().toEqualTypeOf<{ part: number }>()
    expectTypeOf<OutputFrom<typeof Account.expire>>().toEqualTypeOf<never>()
    expectTypeOf<OutputFrom<typeof Account.balance>>().toEqualTypeOf<number>()
    expectTypeOf<StateOf<typeof Account>>().toEqualTypeOf<{ balance: number }>()
    expectTypeOf(Account.split).toExtend<Handler<number[], { part: number }>>()
  })

  test('the types of streams', () => {
    const deposits = source(
      'deposits',
      json((raw) => raw as Deposit & { account: string }),
    )
    const large = sink(
      'large',
      json((raw) => raw as { kind: 'large'; amount: number }),
    )
    const plan = compile(
      pipeline('p', ({ from }) => {
        const outputs = from(deposits)
          .keyBy((d) => d.account)
          .to(Account.deposit)
        expectTypeOf(outputs.map((o) => o.kind)).toEqualTypeOf<Stream<'large' | 'negative'>>()
        outputs.branch('kind').large.into(large)
        expectTypeOf(from(Account.expire)).toEqualTypeOf<HandlerReturnsNothing>()
        expectTypeOf(from(Account.split)).toEqualTypeOf<Stream<{ part: number }>>()
      }),
    )
    expect(plan.sinks.map(({ name }) => name)).toEqual(['large'])
  })
})

describe('an entity is its handlers, and nothing else to see', () => {
  test('each is the function that was written', () => {
    const account = { balance: 1 }
    const sent: unknown[] = []
    const ctx = { after: (...args: unknown[]) => sent.push(args) } as unknown as Context
    expect(Account.deposit(account, { amount: 2_000 }, ctx)).toEqual({ kind: 'large', amount: 2_000 })
    expect(account.balance).toBe(2_001)
    expect(sent).toEqual([[600_000, Account.expire]])
    Account.expire(account)
    expect(Account.balance(account)).toBe(0)
    expect([...(Account.split(account, [1, 2]) as unknown as Several).values]).toEqual([{ part: 1 }, { part: 2 }])
  })

  test('what stands behind it is hidden', () => {
    expect(Object.keys(Account)).toEqual(['deposit', 'split', 'expire', 'ask', 'balance'])
    expect(Object.isFrozen(Account)).toBe(true)
    const definition = entityOf(Account)!
    expect(definition.name).toBe('account')
    expect(definition.handlers.map(({ name, place }) => [name, place])).toEqual(Object.entries(Account))
    expect(handlerOf(Account.deposit)).toMatchObject({ name: 'deposit', entity: definition })
    expect([entityOf(Account.deposit), handlerOf(Account), entityOf(null), handlerOf(undefined)]).toEqual(
      Array.from({ length: 4 }),
    )
  })

  test('one function may be two handlers', () => {
    const add = (state: { n: number }, by: number): number => (state.n += by)
    const Counter = entity('counter', { state: () => ({ n: 0 }), on: { add, plus: add } })
    const plan = compile(pipeline('p', ({ use }) => use(Counter)))
    expect([plan.routeOf.get(Counter.add), plan.routeOf.get(Counter.plus)]).toEqual([0, 1])
    expect(plan.routes.map(({ name, run }) => [name, run])).toEqual([
      ['counter.add', add],
      ['counter.plus', add],
    ])
  })
})
