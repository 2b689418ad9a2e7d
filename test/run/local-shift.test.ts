import { expect, test } from 'vitest'
import { LocalShift, type LocalParts } from '../../api/run/local-shift.ts'

test('once: what is at its end in the very tick in which it opens is drained in that tick, for there is no other', () => {
  let drains = 0
  const worker = {
    state: 'running',
    group: { outboxes: [{ opened: true }] },
    finished: true,
    drain: () => (drains += 1),
  }
  const partition = { tried: false }
  const parts = { worker, partitions: [partition], store: {} } as unknown as LocalParts
  const live = new LocalShift(parts, true)
  live.ticked()
  expect(drains).toBe(0)
  partition.tried = true
  live.ticked()
  expect(drains).toBe(1)
  live.ticked()
  expect(drains).toBe(1)
})
