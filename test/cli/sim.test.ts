import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { test } from '../support/folder.ts'
import { type Exit, millrace, program } from './support/command.ts'

const slow = { timeout: 60_000 }

describe('millrace sim', slow, () => {
  const sim = async (mistake: string, ...args: string[]): Promise<Exit> => {
    process.env['SIMULATED_MISTAKE'] = mistake
    try {
      return await millrace('sim', program('simulated'), ...args)
    } finally {
      delete process.env['SIMULATED_MISTAKE']
    }
  }

  test('seeds that pass are counted, by several processes', async () => {
    const { code, stdout, stderr } = await sim('none', '--seeds', '10', '--jobs', '2')
    // On a slow machine it says how far it is.
    expect(stderr).toMatch(/^(\d+( of 10)? seeds, .*\n)*$/)
    expect(stdout).toMatch(/^10 seeds, 30 worlds, [\d,]+ faults, \d+ messages, \d+ worlds\/s\n$/)
    expect(code).toBe(0)
  })

  test('what is wrong ends with 3, what is stuck with 4, each with a test to paste', async () => {
    const wrong = await sim('wrong', '--seeds', '4', '--jobs', '2')
    expect(wrong.code).toBe(3)
    expect(wrong.stdout).toContain('wrong: deterministicHandlers (seed ')
    expect(wrong.stdout).toContain('Date.now() is used at ')
    expect(wrong.stdout).toContain('numbers.from([')
    const stuck = await sim('stuck', '--seeds', '4', '--jobs', '1')
    expect(stuck.code).toBe(4)
    expect(stuck.stdout).toContain('stuck: eventuallyQuiet (seed 1)')
  })

  test('a file says by itself what must be true of its program', async () => {
    const { code, stdout } = await millrace('sim', program('sums-with-properties'), '--seeds', '1', '--jobs', '1')
    expect(stdout).toContain('wrong: conserved(numbers) (seed 1)')
    expect(stdout).toMatch(/hosts: \[[12]\],/)
    expect(code).toBe(3)
  })

  test('records come from files, by their own format', async ({ folder }) => {
    const items = join(folder, 'items')
    await writeFile(items, '{"customer":"ann","cents":5}\nno json\n{"customer":"bob","cents":6}\n')
    const args = ['--in', `items=${items}`, '--seeds', '3', '--jobs', '1', '--hosts', '1,2']
    const { code, stdout, stderr } = await millrace('sim', program('careful-orders'), ...args)
    expect(stdout).toMatch(/^3 seeds, 6 worlds, .*12 messages/)
    expect(stderr).toContain('1 records do not decode')
    expect(code).toBe(0)
  })

  test('what was asked must make sense', async () => {
    const unbound = await millrace('sim', program('careful-orders'))
    expect(unbound).toMatchObject({ code: 1 })
    expect(unbound.stderr).toContain('MR_END_UNBOUND')
    const fault = await millrace('sim', program('careful-orders'), '--faults', 'gremlin')
    expect(fault).toMatchObject({ code: 2 })
    expect(fault.stderr).toContain('There is no fault gremlin')
  })
})
