import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type LevelStoreOptions, openLevelStore } from '../../runtime/node/level/open-store.ts'
import type { LevelStore } from '../../runtime/node/level/store.ts'
import type { StoreUnderTest } from '../../runtime/ports/contracts/store.ts'

/** Runs `body` in a folder of its own, and removes it. */
export async function inFolder<T>(body: (path: string) => Promise<T>): Promise<T> {
  const path = await mkdtemp(join(tmpdir(), 'millrace-store-'))
  try {
    return await body(path)
  } finally {
    await rm(path, { recursive: true, force: true })
  }
}

/** Opens the store, runs `body`, and closes it whatever happens. */
export async function withStore<T>(
  path: string,
  body: (store: LevelStore) => Promise<T>,
  options: Partial<LevelStoreOptions> = {},
): Promise<T> {
  const store = await openLevelStore({ path, durability: 'process', ...options })
  try {
    return await body(store)
  } finally {
    await store.close()
  }
}

/** A store on LevelDB in this process, which cannot be killed. */
export async function levelFixture(durability: 'disk' | 'process'): Promise<StoreUnderTest> {
  const path = await mkdtemp(join(tmpdir(), 'millrace-store-'))
  let store: LevelStore | undefined
  const close = async (): Promise<void> => {
    await store?.close()
    store = undefined
  }
  return {
    close,
    open: async () => (store = await openLevelStore({ path, durability })),
    dispose: async () => {
      await close()
      await rm(path, { recursive: true, force: true })
    },
  }
}
