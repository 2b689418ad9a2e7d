import { stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, vi } from 'vitest'
import { test } from '../support/folder.ts'
import { Command, linesOf, millrace, program } from './support/command.ts'

const slow = { timeout: 120_000 }
const careful = program('careful-orders')
const customers = 50
const records = 150_000

/** What everybody spends, one cent more each time round. */
const input = Array.from(
  { length: records },
  (_, i) => `{"customer":"c${i % customers}","cents":${1 + (i % 7)}}\n`,
).join('')

/** Reads `items` to its end, and writes `totals`. */
function argsIn(folder: string): string[] {
  const ends = ['--in', `items=${join(folder, 'items')}`, '--out', `totals=${join(folder, 'totals')}`]
  return ['run', careful, ...ends, '--data', join(folder, 'data'), '--once']
}

function totals(): Map<string, number[]> {
  const all = new Map<string, number[]>()
  for (let i = 0; i < records; i++) {
    const sums = all.get(`c${i % customers}`) ?? []
    sums.push((sums.at(-1) ?? 0) + 1 + (i % 7))
    all.set(`c${i % customers}`, sums)
  }
  return all
}

function perCustomer(lines: readonly string[]): Map<string, number[]> {
  const all = new Map<string, number[]>()
  for (const line of lines) {
    const { customer, cents } = JSON.parse(line) as { customer: string; cents: number }
    const sums = all.get(customer)
    if (sums === undefined) all.set(customer, [cents])
    else sums.push(cents)
  }
  return all
}

describe('misfortune', slow, () => {
  test('kill -9, and again: outputs are those of an undisturbed run', async ({ folder }) => {
    const output = join(folder, 'totals')
    await writeFile(join(folder, 'items'), input)
    const args = argsIn(folder)
    let seen = 0
    for (let kills = 0; kills < 2; kills++) {
      const command = new Command(args)
      await vi.waitFor(async () => expect((await stat(output)).size).toBeGreaterThan(seen), {
        timeout: 60_000,
        interval: 5,
      })
      const { signal } = await command.kill('SIGKILL')
      expect(signal).toBe('SIGKILL')
      seen = (await stat(output)).size
      expect((await linesOf(output)).length).toBeLessThan(records)
    }
    expect(await millrace(...args)).toMatchObject({ code: 0 })
    expect(perCustomer(await linesOf(output))).toEqual(totals())
  })

  test('a disk that is full stops it with a name; with room it goes on', async ({ folder }) => {
    const output = join(folder, 'totals')
    await writeFile(join(folder, 'items'), input)
    const args = argsIn(folder)
    const full = await new Command(args, { maxFileKiB: 512 }).exit
    expect(full.code).toBe(1)
    expect(full.stderr).toContain('MR_DISK_FULL')
    expect(full.stderr).toContain('next: ')
    expect((await linesOf(output)).length).toBeLessThan(records)
    expect(await millrace(...args)).toMatchObject({ code: 0 })
    expect(perCustomer(await linesOf(output))).toEqual(totals())
  })
})
