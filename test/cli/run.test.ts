import { once } from 'node:events'
import { appendFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { test } from '../support/folder.ts'
import { Command, linesOf, millrace, program } from './support/command.ts'

const careful = program('careful-orders')
const slow = { timeout: 60_000 }

function line(customer: string, cents: number): string {
  return `${JSON.stringify({ customer, cents })}\n`
}

describe('millrace run', slow, () => {
  test('an end that is bound to nothing, or twice, is named before anything is read', async ({ folder }) => {
    const data = join(folder, 'data')
    const nothing = await millrace('run', careful, '--data', data)
    expect(nothing).toMatchObject({ code: 1, stdout: '' })
    expect(nothing.stderr).toContain(
      'MR_END_UNBOUND: source "items" and sink "totals" of pipeline "orders" are bound to nothing',
    )
    expect(nothing.stderr).toContain('--in items=FILE --out totals=FILE')
    const twice = await millrace(
      'run',
      careful,
      '--data',
      data,
      '--in',
      'items=a',
      '--in',
      'items=b',
      '--out',
      'totals=c',
    )
    expect(twice.code).toBe(1)
    expect(twice.stderr).toContain('MR_END_BOUND_TWICE: source "items" of pipeline "orders" is bound twice')
    const file = join(folder, 'x')
    const same = await millrace('run', careful, '--data', data, '--in', `items=${file}`, '--out', `totals=${file}`)
    expect(same.stderr).toContain('MR_END_BOUND_TWICE: sink "totals" and source "items" are both bound to')
    expect(await linesOf(file)).toEqual([])
  })

  test('a command line that cannot be understood exits with 2, a program that cannot be run with 1', async ({
    folder,
  }) => {
    expect(await millrace('run', careful, '--in', 'items')).toMatchObject({ code: 2 })
    await writeFile(join(folder, 'not.ts'), 'export default 5')
    const not = await millrace('run', join(folder, 'not.ts'))
    expect(not.code).toBe(1)
    expect(not.stderr).toContain('MR_PROGRAM_INVALID')
    expect(not.stderr).toContain('exports something else than a program by default')
  })

  test('standard input to standard output, until it ends', async ({ folder }) => {
    const args = ['run', careful, '--in', 'items=-', '--out', 'totals=-', '--data', join(folder, 'data')]
    const command = new Command(args)
    command.child.stdin!.write(line('ann', 5))
    await command.says('{"customer":"ann","cents":5}\n')
    command.child.stdin!.end(line('bob', 3) + line('ann', 2))
    const { code, stdout, stderr } = await command.exit
    expect(stdout.split('\n').filter(Boolean).sort()).toEqual([
      '{"customer":"ann","cents":5}',
      '{"customer":"ann","cents":7}',
      '{"customer":"bob","cents":3}',
    ])
    expect(code).toBe(0)
    expect(stderr).toMatch(/in 3 \(\d+\/s\), committed 3, out 3, dead letters 0/)
    // It goes on where it was, and says nothing twice.
    const again = new Command(args)
    again.child.stdin!.end(line('ann', 1))
    expect(await again.exit).toMatchObject({ code: 0, stdout: '{"customer":"ann","cents":8}\n' })
  })

  test.for(['SIGINT', 'SIGTERM'] as const)('follows a file, stops on %s, and goes on', async (signal, { folder }) => {
    const input = join(folder, 'items')
    const output = join(folder, 'totals')
    await writeFile(input, line('ann', 1))
    const args = ['run', careful, '--in', `items=${input}`, '--out', `totals=${output}`, '--data', join(folder, 'data')]
    const command = new Command(args)
    await command.during(eventually(async () => (await linesOf(output)).length === 1))
    await appendFile(input, line('ann', 1) + line('bob', 1))
    await command.during(eventually(async () => (await linesOf(output)).length === 3))
    const { code, stderr } = await command.kill(signal)
    expect(code).toBe(0)
    expect(stderr).toContain(`${signal}: finishing what was read`)
    await appendFile(input, line('ann', 1))
    expect(await millrace(...args, '--once')).toMatchObject({ code: 0 })
    const lines = await linesOf(output)
    expect(lines.filter((one) => one.includes('ann'))).toEqual(
      [1, 2, 3].map((cents) => `{"customer":"ann","cents":${cents}}`),
    )
    expect(lines.filter((one) => one.includes('bob'))).toEqual(['{"customer":"bob","cents":1}'])
  })

  test('a second Ctrl-C does not wait for a reader that does not read', async ({ folder }) => {
    const input = join(folder, 'items')
    await writeFile(input, line('ann', 1).repeat(20_000))
    const command = new Command(
      ['run', careful, '--in', `items=${input}`, '--out', 'totals=-', '--data', join(folder, 'data')],
      { deaf: true },
    )
    await once(command.child.stdout!, 'readable')
    command.child.kill('SIGINT')
    await command.complains('SIGINT: finishing what was read')
    command.child.kill('SIGINT')
    command.child.stdout!.destroy()
    expect(await command.exit).toMatchObject({ code: 130 })
  })
})
