import { bind, entity, offload, type Offloaded, pipeline, run } from 'millrace'
import { afterEach, describe, expect } from 'vitest'
import { completeBindings } from '../../api/complete-bindings.ts'
import { threadsFor } from '../../api/run/offload/open-desk.ts'
import { placeOffloads } from '../../api/run/offload/place-offloads.ts'
import { test } from '../support/folder.ts'
import { found } from './support/not-exported.ts'
import { items, outcome, results } from './support/outcome.ts'
import { step } from './support/starts-a-program.ts'
import { double, type Doubled, doubled, grind, type Item, plusOne, slowFirst } from './support/steps.ts'

const Seen = entity('seen', {
  state: () => ({ count: 0 }),
  on: { add: (seen, { id }: Doubled): Item => ({ id: id + seen.count }) },
})
const keyOf = ({ id }: { id: number }): string => String(id)
const behind = (reason: string): unknown =>
  expect.objectContaining({ code: 'MR_OFFLOAD_INVALID', message: expect.stringContaining(reason) as string })

describe('mapOffload is refused', () => {
  test('behind an entity, however far', () => {
    const direct = (): unknown =>
      pipeline('p', ({ from }) => {
        from(items).map(doubled).keyBy(keyOf).to(Seen.add).mapOffload(double).into(results)
      })
    expect(direct).toThrow(behind('pipeline "p" has a mapOffload behind "seen.add"') as Error)
    const listened = (): unknown =>
      pipeline('p', ({ from }) => {
        from(items)
          .merge(from(Seen.add).filter(({ id }) => id > 0))
          .mapOffload(double)
          .into(results)
      })
    expect(listened).toThrow(behind('behind "seen.add"') as Error)
  })

  test('of something that is no offloaded step', () => {
    const plain = (() => 1) as unknown as Offloaded<Item, Doubled>
    expect(() => pipeline('p', ({ from }) => from(items).mapOffload(plain).into(results))).toThrow(
      behind('no offloaded step') as Error,
    )
  })

  test('of a step that its file does not export', async ({ folder }) => {
    const program = pipeline('p', ({ from }) => from(items).mapOffload(found[0]).into(results))
    await expect(outcome(program, [], folder)).rejects.toEqual(behind('not-exported.ts is not exported'))
  })

  describe('of a file that starts a program', () => {
    afterEach(() => {
      delete process.env['MILLRACE_TEST_FOLDER']
    })
    test('which every thread would start again', async ({ folder }) => {
      process.env['MILLRACE_TEST_FOLDER'] = folder
      const program = pipeline('p', ({ from }) => from(items).mapOffload(step).into(results))
      await expect(outcome(program, [], folder)).rejects.toEqual(behind('cannot be loaded in a thread of its own'))
    })
  })
})

describe('offload', () => {
  test('refuses what is no file, no function or no time', () => {
    expect(() => offload('steps.ts', doubled)).toThrow(behind('URL of its file') as Error)
    expect(() => offload(import.meta.url, 1 as never)).toThrow(behind('no function') as Error)
    for (const timeoutMs of [0, -1, Number.NaN, Infinity])
      expect(() => offload(import.meta.url, doubled, { timeoutMs })).toThrow(behind('timeoutMs') as Error)
  })

  test('gives the function that it was given', () => {
    expect(plusOne({ id: 1, doubled: 2 })).toEqual({ id: 1, doubled: 3 })
  })
})

describe('the fingerprint of a source', () => {
  const of = async (program: ReturnType<typeof pipeline>): Promise<string> => {
    const bindings = [items.from([])]
    return (await placeOffloads(completeBindings(program, bindings, { sinks: 'optional' }))).plan.sources[0]!
      .fingerprint
  }

  test('names the offloaded step: its file, its export and its text', async () => {
    const doubles = await of(pipeline('p', ({ from }) => from(items).mapOffload(double).into(results)))
    const slowly = await of(pipeline('p', ({ from }) => from(items).mapOffload(slowFirst).into(results)))
    const again = await of(pipeline('p', ({ from }) => from(items).mapOffload(double).into(results)))
    expect(again).toBe(doubles)
    expect(slowly).not.toBe(doubles)
  })

  test('tells two exports with one text apart', async () => {
    const copy = await import('./support/same-text.ts')
    const one = await of(pipeline('p', ({ from }) => from(items).mapOffload(copy.one).into(results)))
    const two = await of(pipeline('p', ({ from }) => from(items).mapOffload(copy.two).into(results)))
    expect(one).not.toBe(two)
  })
})

describe('threads for offloaded steps', () => {
  const program = pipeline('p', ({ from }) => from(items).mapOffload(grind).into(results))
  const complete = completeBindings(program, [items.from([])], { sinks: 'optional' })

  test('go to the workers that read a source with such steps, and to no others', () => {
    const { offloads, sources } = complete
    const list = sources[0]!
    const three = { ...complete, sources: [list, list, list], offloads: [offloads[0], undefined, offloads[0]] }
    expect([0, 1, 2].map((worker) => threadsFor(three, { workers: 3, offloadThreads: 5 }, worker))).toEqual([3, 0, 2])
    expect([0, 1].map((worker) => threadsFor(three, { workers: 2, offloadThreads: 5 }, worker))).toEqual([5, 0])
    expect(threadsFor(three, { workers: 64 }, 2)).toBe(1)
    expect(() => threadsFor(three, { workers: 3, offloadThreads: 1 }, 0)).toThrow(behind('only 1 thread') as Error)
  })

  test('are a whole number', async () => {
    await expect(run(bind(program, [items.from([])]), { offloadThreads: 0 })).rejects.toThrow(TypeError)
  })
})
