import { mix32 } from '../base/hash.ts'
import { Prng } from '../base/prng.ts'

const purposes = ['program', 'shape', 'faults', 'order', 'parts', 'fate'] as const

/** The generator of a seed for one purpose: what is drawn for one moves nothing of the others. */
export function stream(seed: number, purpose: (typeof purposes)[number]): Prng {
  const salt = Math.imul(purposes.indexOf(purpose) + 1, 0x9e3779b1)
  return new Prng(mix32(seed ^ salt), mix32(Math.imul(seed, 0x85ebca6b) + salt))
}
