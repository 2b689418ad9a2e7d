import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { unframe } from '../../examples/frames.ts'
import { generateOrders, generateQuotes } from '../../examples/market-spread/generate.ts'
import { decodeOrder } from '../../examples/market-spread/layout.ts'
import { Command } from '../cli/support/command.ts'
import { example } from '../examples/support/millrace.ts'
import { test } from '../support/folder.ts'
import { append, contentOf, ledBy, type SeenRecord } from './support/topics.ts'
import { useBroker } from './support/use-broker.ts'

// Their topics have the names that the examples give them.
const outside = useBroker({ shared: false })

async function topicsOf(partitions: number, ...names: readonly string[]): Promise<void> {
  for (const name of names) await outside.client.createTopic(name, partitions, {})
  for (const name of names) await ledBy(outside.client, name, partitions)
}

async function runOnce(file: string, folder: string): Promise<void> {
  const environment = { KAFKA_BROKERS: outside.broker.address }
  const command = new Command(['run', example(file), '--once', '--data', join(folder, 'data')], { environment })
  expect(await command.exit).toMatchObject({ code: 0 })
}

async function allOf(topic: string, partitions: number): Promise<SeenRecord[]> {
  const all = []
  for (let partition = 0; partition < partitions; partition++)
    all.push(...(await contentOf(outside.client, topic, partition)))
  return all
}

test('word count: each count of each word from one up, also in a second run', async ({ folder }) => {
  await topicsOf(3, 'lines', 'counts')
  const text = await readFile(example('word-count/bill-of-rights.txt'), 'utf8')
  const counted = new Map<string, number>()
  for (let round = 0; round < 2; round++) {
    for (const [i, value] of text.split('\n').entries()) await append(outside.client, 'lines', i % 3, [{ value }])
    for (const word of text.toLowerCase().match(/[a-z']+/g)!) counted.set(word, (counted.get(word) ?? 0) + 1)
    await runOnce('word-count/topics.ts', folder)
  }
  const seen = new Map<string, number>()
  for (const { key, value } of await allOf('counts', 3)) {
    const { word, count } = JSON.parse(value) as { word: string; count: number }
    expect([key, count]).toEqual([word, (seen.get(word) ?? 0) + 1])
    seen.set(word, count)
  }
  expect(seen).toEqual(counted)
})

test('market spread: quotes, then orders that meet them', async ({ folder }) => {
  await topicsOf(2, 'quotes', 'orders', 'rejections', 'market-spread-dead-letters')
  const write = async (topic: string, frames: Uint8Array): Promise<void> => {
    for (const [i, value] of unframe(frames).entries()) await append(outside.client, topic, i % 2, [{ value }])
  }
  await write('quotes', generateQuotes({ count: 60, seed: 5 }))
  await runOnce('market-spread/topics.ts', folder)
  const orders = generateOrders({ count: 60, seed: 5 })
  await write('orders', orders)
  await append(outside.client, 'orders', 0, [{ value: 'no order' }])
  await runOnce('market-spread/topics.ts', folder)
  const known = new Set(unframe(orders).map((bytes) => decodeOrder(bytes).symbol))
  const rejected = await allOf('rejections', 2)
  expect(rejected.length).toBeGreaterThan(0)
  for (const { key } of rejected) expect(known.has(key!)).toBe(true)
  const [letter] = await allOf('market-spread-dead-letters', 2)
  expect(letter!.headers).toMatchObject({ 'millrace-code': 'MR_DECODE_FAILED', 'millrace-source': 'orders' })
})
