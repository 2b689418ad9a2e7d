import { stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect } from 'vitest'
import { Prng } from '../../runtime/base/prng.ts'
import { Command, millrace } from '../cli/support/command.ts'
import { eventually } from '../support/eventually.ts'
import { test } from '../support/folder.ts'
import { killSeed } from '../system/support/kills.ts'
import { numbered, valuesOf } from './support/outcome.ts'
import type { Item } from './support/steps.ts'

const slow = { timeout: 120_000 }
const program = fileURLToPath(new URL('./support/program.ts', import.meta.url))
const kills = 3

async function endsIn(folder: string, ground: readonly Item[], doubles: readonly Item[]): Promise<string[]> {
  const lines = (items: readonly Item[]): string => items.map((item) => `${JSON.stringify(item)}\n`).join('')
  await writeFile(join(folder, 'ground'), lines(ground))
  await writeFile(join(folder, 'doubles'), lines(doubles))
  const ends = [`ground=${join(folder, 'ground')}`, `doubles=${join(folder, 'doubles')}`]
  return [...ends.flatMap((end) => ['--in', end]), '--out', `results=${join(folder, 'results')}`]
}

/** What every key gives, in its order. */
function sums(items: readonly Item[], keyOf: (item: { id: number }) => number): Map<number, unknown[]> {
  const all = new Map<number, { id: number; sum: number; count: number }[]>()
  for (const { id } of items) {
    const list = all.get(keyOf({ id })) ?? []
    const last = list.at(-1)
    list.push({ id, sum: (last?.sum ?? 0) + 2 * id, count: list.length + 1 })
    all.set(keyOf({ id }), list)
  }
  return all
}

function perKey(values: readonly unknown[], keyOf: (item: { id: number }) => number): Map<number, unknown[]> {
  const all = new Map<number, unknown[]>()
  for (const value of values as { id: number }[]) all.set(keyOf(value), [...(all.get(keyOf(value)) ?? []), value])
  return all
}

const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  )

describe.each([1, 2])('a process with %s workers', slow, (workers) => {
  test(`has every result once, in order, through ${kills} kills (seed ${killSeed})`, async ({ folder }) => {
    // Numbers of the second source begin where those of the first can never be.
    const ground = numbered(3_000)
    const doubles = numbered(3_000).map(({ id }) => ({ id: id + 1_000_000 }))
    const args = ['run', program, '--once', '--durability', 'process', '--workers', String(workers)]
    args.push('--offload-threads', '2', '--data', join(folder, 'data'), ...(await endsIn(folder, ground, doubles)))
    const prng = new Prng(killSeed, 30 + workers)
    const keyOf = ({ id }: { id: number }): number => (id < 1_000_000 ? id % 50 : 100 + (id % 50))
    const expected = sums([...ground, ...doubles], keyOf)
    const all = [...expected.values()].flat().map((value) => JSON.stringify(value).length + 1)
    const total = all.reduce((sum, size) => sum + size, 0)
    let target = 0
    for (let i = 0; i < kills; i++) {
      target += 1 + prng.below((2 * total) / (kills + 2) - 1)
      const command = new Command(args)
      await eventually(async () => (await sizeOf(join(folder, 'results'))) >= target || command.child.exitCode !== null)
      await command.kill('SIGKILL')
    }
    expect(await millrace(...args)).toMatchObject({ code: 0 })
    expect(perKey(await valuesOf(join(folder, 'results')), keyOf)).toEqual(expected)
  })
})

describe('a process', slow, () => {
  test('outlives a step that fills the memory, which is a dead letter', async ({ folder }) => {
    const doubles = numbered(40).map((item): Item => (item.id === 20 ? { ...item, does: 'fills the memory' } : item))
    const args = ['run', program, '--once', '--data', join(folder, 'data'), ...(await endsIn(folder, [], doubles))]
    const command = new Command(args, { environment: { NODE_OPTIONS: '--max-old-space-size=96' } })
    expect(await command.exit).toMatchObject({ code: 0 })
    expect(await valuesOf(join(folder, 'results'))).toHaveLength(39)
    const { stdout } = await millrace('dead-letters', 'list', '--json', '--data', join(folder, 'data'))
    expect(JSON.parse(stdout)).toMatchObject({
      code: 'MR_OFFLOAD_THREAD_LOST',
      error: expect.stringContaining('memory limit') as string,
      message: expect.stringContaining('"id":20,') as string,
    })
  })

  test('does a dead letter again, offloaded steps included', async ({ folder }) => {
    const doubles = numbered(3).map((item): Item => ({ ...item, does: 'fails until it is corrected' }))
    const ends = await endsIn(folder, [], doubles)
    const data = ['--data', join(folder, 'data')]
    await millrace('run', program, '--once', ...data, ...ends)
    expect(await valuesOf(join(folder, 'results'))).toEqual([])
    expect(await millrace('dead-letters', 'retry', program, '--all', ...data, ...ends)).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('0 of 3 dead letters succeeded') as string,
    })
    const again = new Command(['dead-letters', 'retry', program, '--all', ...data, ...ends], {
      environment: { MILLRACE_TEST_CORRECTED: 'yes' },
    })
    expect(await again.exit).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('3 of 3 dead letters succeeded') as string,
    })
    const results = (await valuesOf(join(folder, 'results'))) as { id: number }[]
    expect(results.map(({ id }) => id).sort((a, b) => a - b)).toEqual([0, 1, 2])
  })
})
