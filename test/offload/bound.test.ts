import { pipeline } from 'millrace'
import { describe, expect, test } from 'vitest'
import { completeBindings } from '../../api/complete-bindings.ts'
import { OffloadDesk } from '../../api/run/offload/desk.ts'
import { offloadedPartition } from '../../api/run/offload/offloaded-partition.ts'
import { placeOffloads } from '../../api/run/offload/place-offloads.ts'
import { maxOffloadedBytes, maxOffloadedRecords } from '../../runtime/base/limits.ts'
import { openListSource } from '../../runtime/ports/list-source.ts'
import type { RecordBatch, SourcePartition } from '../../runtime/ports/source.ts'
import { items, numbered, results } from './support/outcome.ts'
import { double, type Item } from './support/steps.ts'

const program = pipeline('p', ({ from }) => from(items).mapOffload(double).into(results))

/** A partition of these items behind a desk, and a way to wait until it has something new. */
async function opened(list: Item[]): Promise<{
  readonly desk: OffloadDesk
  readonly inner: SourcePartition & { read: number }
  readonly partition: SourcePartition
  woken(): Promise<void>
}> {
  const complete = await placeOffloads(completeBindings(program, [items.from(list)], { sinks: 'optional' }))
  const end = complete.sources[0]! as { readonly records: readonly Uint8Array[] }
  const source = openListSource({ source: 'items', records: end.records })
  const counted = {
    read: 0,
    source: source.source,
    partition: source.partition,
    failed: undefined,
    get atEnd() {
      return source.atEnd
    },
    seek: (next: number, proof: string) => source.seek(next, proof),
    poll(maxRecords: number): RecordBatch | undefined {
      const batch = source.poll(maxRecords)
      counted.read += batch?.count ?? 0
      return batch
    },
    confirm: (next: number) => source.confirm(next),
    close: () => source.close(),
  }
  const desk = new OffloadDesk({ sources: complete.offloads, threads: 1, usesLoader: false })
  let wake = (): void => {}
  const partition = offloadedPartition(desk, 0, counted, () => wake())
  partition.seek(0, '')
  const woken = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve
    })
  return { desk, inner: counted, partition, woken }
}

async function readOn(
  partition: SourcePartition,
  woken: () => Promise<void>,
  maxRecords: number,
): Promise<RecordBatch | undefined> {
  for (;;) {
    const news = woken()
    const batch = partition.poll(maxRecords)
    if (batch !== undefined || partition.atEnd) return batch
    await news
  }
}

describe('what is read ahead', { timeout: 60_000 }, () => {
  test('is bounded while one record keeps all others waiting', async () => {
    const list = numbered(10_000)
    list[500] = { id: 500, does: 'never settles' }
    const { desk, inner, partition, woken } = await opened(list)
    const offsets: number[] = []
    let most = 0
    for (;;) {
      const batch = await readOn(partition, woken, 100)
      if (batch === undefined) break
      expect(batch.count).toBeLessThanOrEqual(100)
      offsets.push(...Array.from(batch.offsets).slice(0, batch.count))
      most = Math.max(most, inner.read - offsets.length)
      expect(desk.load.records).toBe(inner.read - offsets.length)
      partition.confirm(batch.next)
    }
    expect(offsets).toEqual(list.map(({ id }) => id))
    expect(most).toBeGreaterThan(0)
    expect(most).toBeLessThan(maxOffloadedRecords)
    expect(desk.load).toEqual({ records: 0, bytes: 0 })
    await partition.close()
    await desk.close()
  })

  test('is bounded in bytes, results included, until it is durable', async () => {
    const bulk = 'x'.repeat(200_000)
    const { desk, inner, partition, woken } = await opened(numbered(200).map((item) => ({ ...item, bulk })))
    let given = 0
    while (desk.load.bytes < maxOffloadedBytes) given += (await readOn(partition, woken, 1))!.count
    // It stops there, although nothing of it waits for a step any more.
    while (desk.load.records > 0) given += (await readOn(partition, woken, 1))!.count
    expect(partition.poll(100)).toBeUndefined()
    expect(partition.atEnd).toBe(false)
    expect(inner.read).toBe(given)
    expect(given).toBeLessThan(100)
    partition.confirm(given)
    expect(desk.load.bytes).toBe(0)
    expect((await readOn(partition, woken, 1))!.offsets[0]).toBe(given)
    await partition.close()
    await desk.close()
    expect(desk.load).toEqual({ records: 0, bytes: 0 })
  })

  test('is forgotten by seek', async () => {
    const { desk, partition, woken } = await opened(numbered(300))
    expect((await readOn(partition, woken, 7))!.offsets[0]).toBe(0)
    partition.seek(200, '')
    expect((await readOn(partition, woken, 1))!.offsets[0]).toBe(200)
    partition.seek(100, '')
    const batch = (await readOn(partition, woken, 300))!
    expect(batch.offsets[0]).toBe(100)
    expect(batch.next).toBe(100 + batch.count)
    await partition.close()
    await desk.close()
  })
})
