import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bind, minutes, run } from 'millrace'
import type { Running } from 'millrace'
import { file } from 'millrace/files'
import { afterEach, describe, expect, vi } from 'vitest'
import { Card } from '../../examples/shop/card.ts'
import type { Cart, Receipt } from '../../examples/shop/messages.ts'
import { Order } from '../../examples/shop/order.ts'
import shop, { carts, deliveries, receipts } from '../../examples/shop/shop.ts'
import { Stock } from '../../examples/shop/stock.ts'
import { context, harness } from 'millrace/testing'
import { eventually } from '../support/eventually.ts'
import { test } from '../support/folder.ts'
import { example, millrace, slow } from './support/millrace.ts'

afterEach(() => {
  vi.useRealTimers()
})

const lines = (values: readonly object[]) => values.map((value) => `${JSON.stringify(value)}\n`).join('')
const cart = (order: string, more: Partial<Cart> = {}): Cart => ({
  order,
  sku: 'tea',
  quantity: 1,
  price: 10,
  card: 'c1',
  ...more,
})

describe('the handlers of the shop', () => {
  test('an order holds goods, pays, and confirms', () => {
    const order = { status: 'new' as const, sku: '', price: 0, card: '' }
    const ctx = context({ key: 'o1' })
    Order.place(order, cart('o1'), ctx)
    expect(ctx.sent(Stock.hold)).toEqual([
      {
        key: 'tea',
        message: { quantity: 1, forMs: 15 * minutes, replyTo: { entity: 'order', handler: 'held', key: 'o1' } },
      },
    ])
    expect(ctx.timers(Order.expire)).toMatchObject([{ atMs: 10 * minutes }])
    expect(Order.held(order, { ok: true }, ctx)).toBeUndefined()
    expect(ctx.sent(Card.charge)).toMatchObject([{ key: 'c1', message: { amount: 10 } }])
    expect(Order.charged(order, { ok: true }, ctx)).toBeUndefined()
    expect(ctx.sent(Stock.confirm)).toEqual([
      { key: 'tea', message: { replyTo: { entity: 'order', handler: 'confirmed', key: 'o1' } } },
    ])
    expect(Order.confirmed(order, { ok: true }, ctx)).toEqual({
      order: 'o1',
      sku: 'tea',
      status: 'confirmed',
      why: '',
    })
    expect(ctx.timers(Order.expire)).toEqual([])
    expect(Order.expire(order, undefined, ctx)).toBeUndefined()
    expect(Order.status(order, undefined)).toBe('confirmed')
  })

  test('an order that hears nothing times out, and what comes too late goes back', () => {
    const order = { status: 'new' as const, sku: '', price: 0, card: '' }
    const ctx = context({ key: 'o1' })
    Order.place(order, cart('o1'), ctx)
    expect(Order.expire(order, undefined, ctx)).toMatchObject({ status: 'cancelled', why: 'timed out' })
    const cancelled = { key: 'tea', message: { order: 'o1' } }
    expect(ctx.sent(Stock.cancel)).toEqual([cancelled])
    expect(Order.held(order, { ok: true }, ctx)).toBeUndefined()
    expect(ctx.sent(Stock.cancel)).toEqual([cancelled, cancelled])
    expect(Order.charged(order, { ok: true }, ctx)).toBeUndefined()
    expect(ctx.sent(Card.refund)).toEqual([{ key: 'c1', message: { order: 'o1' } }])
  })
})

test('goods whose time is over while they are paid for are not sold, and the money goes back', () => {
  const h = harness(shop)
  h.push(deliveries, { sku: 'tea', quantity: 1 })
  const replyTo = { entity: 'order', handler: 'held', key: 'o1' }
  h.send(Stock.hold, 'tea', { quantity: 1, forMs: 1, replyTo })
  h.advance(1)
  expect(h.state(Stock, 'tea')).toEqual({ free: 1 })
  h.send(Stock.confirm, 'tea', { replyTo: { ...replyTo, handler: 'confirmed' } })
  expect(h.outputs(receipts)).toMatchObject([{ order: 'o1', status: 'cancelled', why: 'timed out' }])
  expect(h.state(Stock, 'tea')).toEqual({ free: 1 })
})

describe('the shop', () => {
  test('confirms what is in stock and can be paid for, and cancels the rest with all that it held', async ({
    folder,
  }) => {
    const running = await open(folder, [{ sku: 'tea', quantity: 3 }])
    const wishes = [
      cart('o1'),
      cart('o2', { quantity: 3 }),
      cart('o3', { price: 5_000 }),
      cart('o4', { quantity: 2 }),
      cart('o5'),
    ]
    for (const wish of wishes) await running.send(Order.place, wish.order, wish)
    await running.send(Order.place, 'o1', wishes[0]!)
    await eventually(async () => (await readReceipts(folder)).length === 5)
    expect(await readReceipts(folder)).toEqual([
      { order: 'o1', sku: 'tea', status: 'confirmed', why: '' },
      { order: 'o2', sku: 'tea', status: 'cancelled', why: 'out of stock' },
      { order: 'o3', sku: 'tea', status: 'cancelled', why: 'over the limit' },
      { order: 'o4', sku: 'tea', status: 'confirmed', why: '' },
      { order: 'o5', sku: 'tea', status: 'cancelled', why: 'out of stock' },
    ])
    expect(await running.get(Stock, 'tea')).toEqual({ free: 0 })
    expect(await running.get(Card, 'c1')).toEqual({ limit: 1_000, charged: 20 })
    expect(await running.ask(Order.status, 'o3')).toBe('cancelled')
    await running.stop()
  })

  test('goods that nobody confirms come back when their time is over, also after a restart', async ({ folder }) => {
    vi.useFakeTimers({ toFake: ['Date'] })
    let running = await open(folder, [{ sku: 'tea', quantity: 3 }])
    const replyTo = { entity: 'order', handler: 'held', key: 'o9' }
    await running.send(Order.place, 'o1', cart('o1'))
    await running.send(Stock.hold, 'tea', { quantity: 2, forMs: 15 * minutes, replyTo })
    await eventually(async () => (await running.get(Stock, 'tea'))?.free === 0)
    await running.stop()
    vi.setSystemTime(Date.now() + 20 * minutes)
    running = await open(folder)
    await eventually(async () => (await running.get(Stock, 'tea'))?.free === 2)
    expect(await readReceipts(folder)).toMatchObject([{ order: 'o1', status: 'confirmed' }])
    await running.stop()
  })

  test('runs from the command line', slow, async ({ folder }) => {
    const at = (name: string) => join(folder, name)
    await writeFile(at('deliveries'), lines([{ sku: 'tea', quantity: 1 }]))
    await writeFile(at('carts'), '')
    const args = [
      'run',
      example('shop/shop.ts'),
      '--once',
      '--data',
      at('data'),
      '--in',
      `deliveries=${at('deliveries')}`,
    ]
    args.push('--in', `carts=${at('carts')}`, '--out', `receipts=${at('receipts')}`)
    await millrace(...args)
    await appendFile(at('carts'), lines([cart('o1'), cart('o2')]))
    await millrace(...args)
    expect(await readReceipts(folder)).toMatchObject([{ status: 'confirmed' }, { why: 'out of stock' }])
  })
})

async function open(folder: string, delivered: { sku: string; quantity: number }[] = []): Promise<Running> {
  await appendFile(join(folder, 'deliveries'), lines(delivered))
  await appendFile(join(folder, 'carts'), '')
  const program = bind(shop, [
    deliveries.from(file(join(folder, 'deliveries'))),
    carts.from(file(join(folder, 'carts'))),
    receipts.to(file(join(folder, 'receipts'))),
  ])
  const running = await run(program, { data: join(folder, 'data'), durability: 'process' })
  for (const { sku } of delivered) await eventually(async () => (await running.get(Stock, sku)) !== undefined)
  return running
}

/** One lane per order: receipts of different orders may come in any order. */
async function readReceipts(folder: string): Promise<Receipt[]> {
  const text = await readFile(join(folder, 'receipts'), 'utf8').catch(() => '')
  const list = text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Receipt)
  return list.sort((a, b) => a.order.localeCompare(b.order))
}
