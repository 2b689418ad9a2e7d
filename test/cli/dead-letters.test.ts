import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { test } from '../support/folder.ts'
import { linesOf, millrace, program } from './support/command.ts'

const slow = { timeout: 60_000 }

describe('millrace dead-letters', slow, () => {
  test('poison costs its neighbours nothing, is shown, and is handled again by a program that was corrected', async ({
    folder,
  }) => {
    const input = join(folder, 'items')
    const output = join(folder, 'totals')
    const records = [
      '{"customer":"ann","cents":5}',
      '{"customer":"ann","cents":-2}',
      'no JSON',
      '{"customer":7,"cents":1}',
      '{"customer":"ann","cents":1}',
    ]
    await writeFile(input, records.map((record) => `${record}\n`).join(''))
    const data = ['--data', join(folder, 'data')]
    const ends = ['--in', `items=${input}`, '--out', `totals=${output}`, ...data]
    const run = await millrace('run', program('careless-orders'), ...ends, '--once')
    expect(run.code).toBe(0)
    expect(run.stderr).toContain('dead letters 3')
    expect(run.stderr).toContain(`millrace dead-letters list --data ${join(folder, 'data')}`)
    expect(await linesOf(output)).toEqual(['{"customer":"ann","cents":5}', '{"customer":"ann","cents":6}'])

    const shown = await millrace('dead-letters', 'list', '--json', ...data)
    const letters = shown.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    const at = (record: number): string => String(records.slice(0, record).join('\n').length + 1)
    expect(letters.sort((a, b) => Number(a['position']) - Number(b['position']))).toMatchObject([
      {
        code: 'MR_HANDLER_FAILED',
        error: 'RangeError: -2 cents cannot be spent',
        entity: 'customer',
        key: 'ann',
        source: 'items',
        position: at(1),
        message: { customer: 'ann', cents: -2 },
      },
      { code: 'MR_DECODE_FAILED', source: 'items', position: at(2), message: 'no JSON' },
      { code: 'MR_KEY_INVALID', source: 'items', position: at(3), message: '{"customer":7,"cents":1}' },
    ])
    expect(letters[0]!['where']).toMatch(/orders\.ts:\d+:\d+/)
    const listed = await millrace('dead-letters', 'list', ...data)
    expect(listed.stdout).toMatch(
      /MR_HANDLER_FAILED {2}customer "ann"\n +RangeError: -2 cents cannot be spent, at spend .*orders\.ts:\d+:\d+\)\n +from source "items" at 29: /,
    )

    const corrected = program('careful-orders')
    expect(await millrace('dead-letters', 'retry', corrected, ...ends)).toMatchObject({ code: 2 })
    const wrong = await millrace('dead-letters', 'retry', corrected, '999-1', ...ends)
    expect(wrong.stderr).toContain('there is no dead letter 999-1')
    const one = await millrace('dead-letters', 'retry', corrected, String(letters[0]!['id']), ...ends)
    expect(one).toMatchObject({ code: 0, stdout: '1 of 1 dead letters succeeded\n' })
    expect(await linesOf(output)).toEqual([5, 6, 4].map((cents) => `{"customer":"ann","cents":${cents}}`))
    const rest = await millrace('dead-letters', 'retry', corrected, '--all', ...ends)
    expect(rest.code).toBe(1)
    expect(rest.stdout).toContain('0 of 2 dead letters succeeded')
    const left = await millrace('dead-letters', 'list', '--json', ...data)
    const codes = left.stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { code: string }).code)
    expect(codes.sort()).toEqual(['MR_DECODE_FAILED', 'MR_KEY_INVALID'])
  })

  test('no data folder is no place to look', async ({ folder }) => {
    const { code, stderr } = await millrace('dead-letters', 'list', '--data', join(folder, 'nothing'))
    expect(code).toBe(1)
    expect(stderr).toContain('there is no data folder')
  })
})
