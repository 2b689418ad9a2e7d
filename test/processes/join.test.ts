import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { millrace, program } from '../cli/support/command.ts'
import { test } from '../support/folder.ts'

describe('millrace join', { timeout: 60_000 }, () => {
  test('needs the name of an application, and a number of groups that can be', async ({ folder }) => {
    const data = ['--data', join(folder, 'data')]
    const nameless = await millrace('join', program('careful-orders'), ...data)
    expect([nameless.code, nameless.stderr]).toEqual([2, expect.stringContaining('--application <name>')])
    const many = await millrace('join', program('careful-orders'), ...data, '--application', 'a', '--groups', '129')
    expect([many.code, many.stderr]).toEqual([2, expect.stringContaining('from 1 to 128')])
  })

  test('refuses what other processes cannot take over', async ({ folder }) => {
    const ends = ['--in', `items=${join(folder, 'items')}`, '--out', 'totals=kafka://127.0.0.1:1/totals']
    const refused = await millrace('join', program('careful-orders'), '--application', 'a', ...ends)
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('MR_PROGRAM_INVALID: source "items" is not a topic')
    expect(refused.stderr).toContain('any process must be able to take it over')
  })
})
