import { offload } from 'millrace'
import type { Item } from './steps.ts'

let calls = 0
/** Not pure, and not async. */
export const impure = offload(import.meta.url, ({ id }: Item) => ({ id, calls: (calls += 1) }))
