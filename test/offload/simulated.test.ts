import { entity, pipeline } from 'millrace'
import { check, harness, simulate } from 'millrace/testing'
import { describe, expect, test } from 'vitest'
import { items, numbered, results } from './support/outcome.ts'
import { counting, type Doubled, doubled, grind, type Item, plusOne, slowFirst } from './support/steps.ts'
import { impure } from './support/impure.ts'

const Sum = entity('sum', {
  state: () => ({ sum: 0 }),
  on: {
    add(state, { doubled: value }: Doubled) {
      state.sum += value
    },
  },
})
const keyOf = ({ id }: { id: number }): string => String(id % 5)
const list = numbered(30)
const sumOf = (values: readonly Doubled[]): number => values.reduce((sum, value) => sum + value.doubled, 0)

const program = pipeline('p', ({ from }) => {
  const ground = from(items).mapOffload(grind)
  ground.mapOffload(plusOne).keyBy(keyOf).to(Sum.add)
  ground.into(results)
})
const waiting = pipeline('p', ({ from }) => {
  from(items).mapOffload(slowFirst).mapOffload(plusOne).keyBy(keyOf).to(Sum.add)
})

describe('in a simulated world', { timeout: 60_000 }, () => {
  test('offloaded steps run where they are met, and everything holds at any scale', async () => {
    const report = await check(program, { inputs: [items.from(list)], seeds: 5 })
    expect(report.worlds).toBe(15)
    const world = await simulate(program, { inputs: [items.from(list)], hosts: [1, 3] })
    expect(world.sum(Sum, ({ sum }) => sum)).toBe(sumOf(list.map(doubled)) + list.length)
    expect(world.outputs(results)).toHaveLength(list.length)
  })

  test('async ones are waited for beforehand', async () => {
    await check(waiting, { inputs: [items.from(list)], seeds: 3 })
    const world = await simulate(waiting, { inputs: [items.from(list)], hosts: [2] })
    expect(world.sum(Sum, ({ sum }) => sum)).toBe(sumOf(list.map(doubled)) + list.length)
  })

  test('one that is not pure is found, async or not', async () => {
    for (const step of [counting, impure]) {
      const bad = pipeline('p', ({ from }) => from(items).mapOffload(step).into(results))
      await expect(check(bad, { inputs: [items.from(list)], seeds: 1 })).rejects.toMatchObject({
        verdict: 'wrong',
        property: 'pureSteps',
      })
    }
  })

  test('a value that is no data is refused as it is on its way to a thread', async () => {
    const bad = pipeline('p', ({ from }) => {
      from(items)
        .map((item) => ({ ...item, ask: () => item.id }) as Item)
        .mapOffload(grind)
        .into(results)
    })
    const { deadLetters } = await simulate(bad, { inputs: [items.from([{ id: 1 }])] })
    expect(deadLetters).toMatchObject([{ code: 'MR_ENCODE_FAILED' }])
  })
})

describe('a harness', () => {
  test('runs offloaded steps at once', () => {
    const world = harness(program)
    world.push(items, { id: 3 }, { id: 8 })
    expect(world.state(Sum, '3')).toEqual({ sum: 24 })
    expect(world.outputs(results)).toEqual([3, 8].map((id) => doubled({ id })))
  })

  test('says that it cannot wait for one that is async', () => {
    const world = harness(waiting)
    expect(() => world.push(items, { id: 1_003 })).toThrow('is async, and a harness cannot wait for it')
  })
})
