import { appendFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, vi } from 'vitest'
import { scale } from '../../api/cli/control.ts'
import { test } from '../support/folder.ts'
import { Command, linesOf, millrace, program } from './support/command.ts'

const line = (customer: string, cents: number): string => `${JSON.stringify({ customer, cents })}\n`

test('millrace scale reaches the program that runs on a data folder, also after one was killed there', {
  timeout: 60_000,
}, async ({ folder }) => {
  const [items, totals, data] = [join(folder, 'items'), join(folder, 'totals'), join(folder, 'data')]
  await writeFile(items, line('ann', 1))
  const args = ['run', program('careful-orders'), '--in', `items=${items}`, '--out', `totals=${totals}`, '--data', data]
  const expectLines = (count: number) =>
    vi.waitFor(async () => expect(await linesOf(totals)).toHaveLength(count), { timeout: 30_000 })

  const killed = new Command(args)
  await expectLines(1)
  await vi.waitFor(() => scale(data, 1), { timeout: 30_000 }) // it listens
  await killed.kill('SIGKILL')
  await expect(scale(data, 2)).rejects.toMatchObject({ code: 'MR_NOT_RUNNING', certain: true })

  const running = new Command(args)
  await appendFile(items, line('ann', 2))
  await expectLines(2)
  await vi.waitFor(() => scale(data, 1), { timeout: 30_000 })
  expect(await millrace('scale', '2', '--data', data)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^workers: 1 -> 2, paused \d+ ms\n$/) as string,
  })
  await running.complains('workers: 1 -> 2, paused')
  await expect(scale(data, 0)).rejects.toThrow(TypeError)
  await appendFile(items, line('ann', 3))
  await expectLines(3)
  expect(await running.kill('SIGINT')).toMatchObject({ code: 0 })
  expect(await linesOf(totals)).toEqual([1, 3, 6].map((cents) => line('ann', cents).trim()))
  await expect(scale(data, 2)).rejects.toMatchObject({ code: 'MR_NOT_RUNNING' })
  await expect(scale(join(folder, 'nowhere'), 2)).rejects.toMatchObject({ code: 'MR_NOT_RUNNING' })
})
