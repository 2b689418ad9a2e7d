import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, vi } from 'vitest'
import { shardOf } from '../../runtime/base/hash.ts'
import { defaultShardCount } from '../../runtime/base/limits.ts'
import { test } from '../support/folder.ts'

const slow = { timeout: 60_000 }

/** Runs the keeper with these steps to its end, and gives what it wrote. Every run loads it anew, as a process would. */
async function once(
  folder: string,
  step: 'old' | 'new',
  options: { workers: number; crash?: boolean; acceptTornRecords?: boolean },
): Promise<string> {
  const { workers, crash = false, acceptTornRecords = false } = options
  Object.assign(process.env, {
    MILLRACE_TEST_FOLDER: folder,
    MILLRACE_TEST_STEP: step,
    MILLRACE_TEST_CRASH: crash ? 'yes' : 'no',
  })
  vi.resetModules()
  const { run } = await import('millrace')
  const running = await run(new URL('./support/keeper.ts', import.meta.url), {
    data: join(folder, 'data'),
    once: true,
    workers,
    acceptTornRecords,
  })
  await running.done
  return await readFile(join(folder, 'out'), 'utf8')
}

beforeAll(() => {
  expect(shardOf('b', defaultShardCount) % 2, 'the key is not with the worker that reads').toBe(1)
})

describe('the steps behind a source change, with several workers', slow, () => {
  test('after everything that was read was handled: taken as they are, on any number of workers', async ({
    folder,
  }) => {
    await writeFile(join(folder, 'in'), 'a\n')
    expect(await once(folder, 'old', { workers: 2 })).toBe('a\n')
    await appendFile(join(folder, 'in'), 'b\n')
    expect(await once(folder, 'new', { workers: 2 })).toBe('a\nb!\n')
    await appendFile(join(folder, 'in'), 'c\n')
    expect(await once(folder, 'old', { workers: 1 })).toBe('a\nb!\nc\n')
  })

  test('after a crash: refused, until it is accepted or the old ones have finished', async ({ folder }) => {
    await writeFile(join(folder, 'in'), 'a\ncrash\n')
    await expect(once(folder, 'old', { workers: 2, crash: true })).rejects.toMatchObject({ code: 'MR_HANDLER_FAILED' })
    for (const workers of [2, 4, 1])
      await expect(once(folder, 'new', { workers })).rejects.toMatchObject({ code: 'MR_SOURCE_PLAN_CHANGED' })
    expect(await once(folder, 'new', { workers: 2, acceptTornRecords: true })).toBe('a!\ncrash!\n')
  })

  test('after a crash: the old ones finish, and the new ones may begin', async ({ folder }) => {
    await writeFile(join(folder, 'in'), 'a\ncrash\n')
    await expect(once(folder, 'old', { workers: 2, crash: true })).rejects.toMatchObject({ code: 'MR_HANDLER_FAILED' })
    expect(await once(folder, 'old', { workers: 4 })).toBe('a\ncrash\n')
    expect(await once(folder, 'new', { workers: 2 })).toBe('a\ncrash\n')
  })
})
