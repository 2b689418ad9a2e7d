import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { TestContext } from 'vitest'

const root = new URL('../../../../shared/data/', import.meta.url)

/** A file of the data with known answers that may lie beside this checkout; without it, the test is skipped and says so. */
export function sharedData(skip: TestContext['skip'], path: string): string {
  const file = fileURLToPath(new URL(path, root))
  if (existsSync(file)) return file
  const reason = `skipped: there is no ../shared/data/${path}`
  console.log(reason)
  return skip(reason)
}
