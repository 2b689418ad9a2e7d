import { InvalidArgumentError } from 'commander'
import { type Fault, faultNames, type Faults } from '../testing/faults.ts'
import type { GivenEnd } from './ends.ts'

/** What `millrace sim` was asked. */
export interface SimCommandOptions {
  readonly in: readonly GivenEnd[]
  readonly seeds: number
  readonly from: number
  readonly records: number
  readonly jobs: number
  /** Undefined, these and the next: as the file says. */
  readonly hosts?: readonly number[]
  readonly faults?: Faults
  readonly settleMs?: number
  readonly mayDiffer?: boolean
  /** Which part of the seeds, of how many: set for the processes that share the work. */
  readonly part?: { readonly index: number; readonly of: number }
}

export function wholeNumber(text: string): number {
  if (/^\d+$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Write a whole number.')
}

export function numberList(text: string): number[] {
  return text.split(',').map(wholeNumber)
}

export function faultList(text: string): Faults {
  if (text === 'all' || text === 'none') return text
  const names = text.split(',') as Fault[]
  const unknown = names.find((name) => !faultNames.includes(name))
  if (unknown === undefined) return names
  throw new InvalidArgumentError(`There is no fault ${unknown}: write all, none, or some of ${faultNames.join(',')}.`)
}

export function partOf(text: string): { index: number; of: number } {
  const [index, of] = text.split('/').map(wholeNumber)
  return { index: index!, of: of! }
}
