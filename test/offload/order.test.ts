import { bind, entity, pipeline, run } from 'millrace'
import { file } from 'millrace/files'
import { describe, expect } from 'vitest'
import { test } from '../support/folder.ts'
import { items, numbered, outcome, results } from './support/outcome.ts'
import { type Doubled, doubled, type Item, plusOne, slowFirst } from './support/steps.ts'

const slow = { timeout: 60_000 }
const keyOf = ({ id }: { id: number }): string => String(id % 7)

const Seen = entity('seen', {
  state: () => ({ ids: [] as number[] }),
  on: {
    add(seen, { id, doubled: value }: Doubled) {
      seen.ids.push(id)
      return { id, doubled: value, before: seen.ids.length }
    },
  },
})

describe('offloaded steps', slow, () => {
  test('keep the order of the records, although what was asked last is done first', async ({ folder }) => {
    const program = pipeline('p', ({ from }) => from(items).mapOffload(slowFirst).into(results))
    const { results: written, letters } = await outcome(program, numbered(120), folder)
    expect(written).toEqual(numbered(120).map(doubled))
    expect(letters).toEqual([])
  })

  test('keep it for every key', async ({ folder }) => {
    const program = pipeline('p', ({ from }) => {
      from(items).mapOffload(slowFirst).keyBy(keyOf).to(Seen.add).into(results)
    })
    const { results: written } = await outcome(program, numbered(120), folder)
    const perKey = (key: number): unknown => written.filter(({ id }) => id % 7 === key)
    for (let key = 0; key < 7; key++) {
      const ids = numbered(120).filter(({ id }) => id % 7 === key)
      expect(perKey(key)).toEqual(ids.map((item, i) => ({ ...doubled(item), before: i + 1 })))
    }
  })

  test('stand among steps, more than once, behind flatMap, filter, branch and merge', async ({ folder }) => {
    type Part = Item & { readonly kind: 'even' | 'odd' }
    const parts = ({ id }: Readonly<Item>): Part[] =>
      [id, id + 1_000].map((part) => ({ id: part, kind: part % 2 === 0 ? 'even' : 'odd' }))
    const program = pipeline('p', ({ from }) => {
      const { even, odd } = from(items)
        .flatMap(parts)
        .filter(({ id }) => id % 3 > 0)
        .branch('kind')
      const slowly = even
        .mapOffload(slowFirst)
        .filter(({ doubled: value }) => value % 8 > 0)
        .flatMap((value) => [value, { ...value, id: -value.id }])
      slowly
        .merge(odd.map(doubled))
        .mapOffload(plusOne)
        .map(({ id, doubled: value }) => ({ id, doubled: value }))
        .into(results)
    })
    const expected = numbered(60)
      .flatMap(parts)
      .filter(({ id }) => id % 3 > 0)
      .flatMap((part) => {
        const value = doubled(part)
        if (part.kind === 'odd') return [value]
        return value.doubled % 8 > 0 ? [value, { ...value, id: -value.id }] : []
      })
      .map((value) => ({ ...value, doubled: value.doubled + 1 }))
    // Within a record, a stream's values come in the order in which its receivers were written.
    const byRecord = (list: readonly Doubled[]): unknown => list.map((value) => JSON.stringify(value)).sort()
    const { results: written } = await outcome(program, numbered(60), folder)
    expect(byRecord(written)).toEqual(byRecord(expected))
    const origins = written.map(({ id }) => Math.abs(id) % 1_000)
    expect(origins).toEqual([...origins].sort((a, b) => a - b))
  })

  test('stop ends them wherever they are, and the next start goes on', async ({ folder }) => {
    const program = pipeline('p', ({ from }) => from(items).mapOffload(slowFirst).into(results))
    const ends = [items.from(numbered(400)), results.to(file(`${folder}/results`))]
    const running = await run(bind(program, ends), { data: `${folder}/data`, durability: 'process', offloadThreads: 1 })
    await running.stop()
    expect(running.stats().read).toBeLessThan(400)
    const { results: written } = await outcome(program, numbered(400), folder)
    expect(written).toEqual(numbered(400).map(doubled))
  })
})
