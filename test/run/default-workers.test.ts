import { availableParallelism } from 'node:os'
import { describe, expect, test } from 'vitest'
import type { CompleteProgram, SourceEnd } from '../../api/complete-bindings.ts'
import { defaultWorkers } from '../../api/run/default-workers.ts'
import { maxWorkers } from '../../runtime/base/limits.ts'

const cores = Math.min(availableParallelism(), maxWorkers)
const reference = { kind: 'url', href: 'file:///app.ts' } as const
const offloadThreads = undefined

function reading(kind: SourceEnd['kind'], isOffloading = false): CompleteProgram {
  return { sources: [{ kind }], offloads: [isOffloading ? {} : undefined] } as unknown as CompleteProgram
}

describe('who does not say how many workers', () => {
  test('gets one for each core', () => {
    expect(defaultWorkers(reading('file'), { reference, offloadThreads })).toBe(cores)
    expect(defaultWorkers(reading('kafka', true), { reference, offloadThreads })).toBe(cores)
  })

  test('gets one where functions would have to travel', () =>
    expect(defaultWorkers(reading('file'), { reference: undefined, offloadThreads })).toBe(1))

  test('gets one for standard input, which cannot be shared', () =>
    expect(defaultWorkers(reading('stdio'), { reference, offloadThreads })).toBe(1))

  test('gets no more than the threads for offloaded steps are enough for', () => {
    expect(defaultWorkers(reading('kafka', true), { reference, offloadThreads: 1 })).toBe(1)
    expect(defaultWorkers(reading('kafka', true), { reference, offloadThreads: 1_000 })).toBe(cores)
    expect(defaultWorkers(reading('kafka'), { reference, offloadThreads: 1 })).toBe(cores)
  })
})
