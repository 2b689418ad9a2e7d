import { describe, expect, test } from 'vitest'
import { MeteredPartition } from '../../api/run/metered-partition.ts'
import { openListSource } from '../../runtime/ports/list-source.ts'

/** A list of ten records, whose offsets are 0 to 9. */
function metered(): MeteredPartition {
  const records = Array.from({ length: 10 }, (_, i) => new Uint8Array([i]))
  return new MeteredPartition(openListSource({ source: 'ten', records }), false)
}

/** Reads on from a position, in batches of so many. */
function read(partition: MeteredPartition, from: number, ...counts: readonly number[]): void {
  partition.seek(from, '')
  for (const count of counts) partition.poll(count)
}

describe('how many records of a partition are durable', () => {
  test('is known when the batch that they came in is', () => {
    const partition = metered()
    read(partition, 0, 4, 4)
    expect(partition).toMatchObject({ read: 8, committed: 0 })
    partition.confirm(4)
    expect(partition.committed).toBe(4)
    partition.confirm(8)
    expect(partition).toMatchObject({ read: 8, committed: 8 })
  })

  test('counts what is read again for another worker once', () => {
    const partition = metered()
    read(partition, 0, 4, 4)
    partition.confirm(4)
    read(partition, 4, 6)
    partition.confirm(10)
    expect(partition).toMatchObject({ read: 14, committed: 10 })
  })

  test('counts what is durable already not again, however batches are cut', () => {
    const partition = metered()
    read(partition, 0, 6)
    partition.confirm(6)
    read(partition, 3, 2, 4)
    partition.confirm(5)
    expect(partition.committed).toBe(6)
    partition.confirm(9)
    expect(partition.committed).toBe(9)
  })
})
