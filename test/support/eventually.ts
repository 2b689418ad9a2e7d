import { vi } from 'vitest'

/** Resolves when it is so. How long that may take is for the time limit of the test to say. */
export async function eventually(isSo: () => boolean | Promise<boolean>): Promise<void> {
  await vi.waitUntil(isSo, { interval: 1, timeout: 600_000 })
}
