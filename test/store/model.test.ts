import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { codeOf, commit, key, list, openGroup, read, scan } from '../../runtime/ports/contracts/store-calls.ts'
import type { StoreUnderTest } from '../../runtime/ports/contracts/store.ts'
import type { CommitWrite, Store } from '../../runtime/ports/store.ts'
import { levelFixture } from './level-fixture.ts'
import { simFixture } from './sim-fixture.ts'

/** What a store is, without anything that makes it one: a few maps. */
interface Model {
  readonly rows: Map<number, number>
  readonly groups: Map<number, { epoch: number; newest: number; records: Map<number, number> }>
}

type Action =
  | { readonly do: 'open'; readonly group: number }
  | {
      readonly do: 'commit'
      readonly group: number
      readonly keep: number
      readonly rows: [number, number | undefined][]
    }
  | { readonly do: 'zombie'; readonly group: number }
  | { readonly do: 'read'; readonly keys: number[] }
  | { readonly do: 'scan'; readonly from: number; readonly to: number }
  | { readonly do: 'restart' }

const group = fc.constantFrom(0, 1, 400)
const name = fc.nat(12)
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('open' as const), group }) },
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant('commit' as const),
      group,
      keep: fc.nat(4),
      rows: fc.array(fc.tuple(name, fc.option(fc.nat(255), { nil: undefined })), { maxLength: 5 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('zombie' as const), group }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('read' as const), keys: fc.array(name, { maxLength: 12 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('scan' as const), from: name, to: name }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
)

interface Restarted {
  readonly data: StoreUnderTest
  restart(): Promise<void>
}

/** Does the same to a store and to the model, and compares what can be seen. */
async function compare({ data, restart }: Restarted, actions: readonly Action[]): Promise<void> {
  const model: Model = { rows: new Map(), groups: new Map() }
  const opened = new Set<number>()
  let store = await data.open()
  const open = async (id: number): Promise<number> => {
    const known = model.groups.get(id) ?? { epoch: 0, newest: 0, records: new Map<number, number>() }
    model.groups.set(id, known)
    const found = await openGroup(store, id)
    expect(found.epoch).toBe(known.epoch + 1)
    expect(found.records).toEqual(
      [...known.records].map(([number, byte]) => ({ number, record: new Uint8Array([byte]) })),
    )
    known.epoch = found.epoch
    opened.add(id)
    return found.epoch
  }
  try {
    for (const [i, act] of actions.entries()) {
      if (act.do === 'open') await open(act.group)
      if (act.do === 'commit' || act.do === 'zombie') {
        if (!opened.has(act.group)) await open(act.group)
        const known = model.groups.get(act.group)!
        const write = writeOf(act, known, i)
        if (act.do === 'zombie') {
          expect(await codeOf(commit(store, write))).toBe('MR_FENCED')
        } else {
          applyTo(model, act, known, write)
          await commit(store, write)
        }
      }
      if (act.do === 'read') {
        const values = act.keys.map((k) => model.rows.get(k))
        expect(
          await read(
            store,
            act.keys.map((k) => key(k)),
          ),
        ).toEqual(values.map((v) => (v === undefined ? v : new Uint8Array([v]))))
      }
      if (act.do === 'scan') await compareRange(store, model, act.from, act.to)
      if (act.do === 'restart') {
        await restart()
        opened.clear()
        store = await data.open()
      }
    }
    await compareRange(store, model, 0, 100)
    for (const id of model.groups.keys()) await open(id)
  } finally {
    await data.dispose()
  }
}

type Known = NonNullable<ReturnType<Model['groups']['get']>>

function writeOf(act: Action & { do: 'commit' | 'zombie' }, known: Known, i: number): CommitWrite {
  const { epoch, newest } = known
  if (act.do === 'zombie')
    return {
      group: act.group,
      epoch: epoch - 1,
      number: newest + 1,
      record: new Uint8Array([0]),
      rows: [[key(1), undefined]],
      truncateBelow: newest + 1,
    }
  const rows = act.rows.map(([k, v]) => [key(k), v === undefined ? undefined : new Uint8Array([v])] as const)
  return {
    group: act.group,
    epoch,
    number: newest + 1,
    record: new Uint8Array([i & 0xff]),
    rows,
    truncateBelow: newest + 1 - act.keep,
  }
}

function applyTo(model: Model, act: Action & { do: 'commit' }, known: Known, write: CommitWrite): void {
  known.newest = write.number
  known.records.set(write.number, write.record[0]!)
  for (const number of known.records.keys()) if (number < write.truncateBelow) known.records.delete(number)
  for (const [k, v] of act.rows) {
    if (v === undefined) model.rows.delete(k)
    else model.rows.set(k, v)
  }
}

async function compareRange(store: Store, model: Model, from: number, to: number): Promise<void> {
  const expected = [...model.rows].filter(([k]) => k >= from && k < to).sort(([a], [b]) => a - b)
  const rows = await scan(store, key(from), key(to))
  expect(rows).toEqual(expected.map(([k, v]) => [key(k), new Uint8Array([v])]))
  expect(await list(store, key(from), key(to))).toEqual(expected.map(([k]) => key(k)))
}

describe('any sequence of calls does what a few maps would do', () => {
  const actions = fc.array(action, { maxLength: 60 })

  test.prop([fc.nat(), actions, fc.boolean()], { numRuns: 100 })('simulated store', async (seed, list, kill) => {
    const data = simFixture(seed, 'process')
    await compare({ data, restart: kill ? data.kill : data.close }, list)
  })

  test.prop([actions], { numRuns: 25 })('LevelDB', async (list) => {
    const data = await levelFixture('process')
    await compare({ data, restart: data.close }, list)
  })
})
