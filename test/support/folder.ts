import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test as base } from 'vitest'

/** A test that is given an empty folder, which is gone afterwards. */
export const test = base.extend<{ folder: string }>({
  folder: async ({ task: _task }, use) => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-test-'))
    await use(folder)
    await rm(folder, { recursive: true, force: true })
  },
})
