/** Market spread, quotes and orders in one stream of binary frames: from memory and from a file, both durabilities. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generateEvents } from '../../examples/market-spread/generate.ts'
import { decodeEvent, encodeRejection } from '../../examples/market-spread/layout.ts'
import merged from '../../examples/market-spread/merged.ts'
import { openFileSink } from '../../runtime/node/files/file-sink.ts'
import { openFileSource } from '../../runtime/node/files/file-source.ts'
import { compare, scale, timed } from '../support/measure.ts'
import { framesOf, memorySource } from '../support/memory-source.ts'
import { runWorker, withFolder } from '../support/run-worker.ts'

const count = Math.round(2_000_000 * scale)
const recorded = framesOf(generateEvents({ count: 200_000, seed: 1 }))

/** The bare loop: decode, look up, update, encode what is rejected. No durability, nothing that could be killed. */
function floor(): number {
  const markets = new Map<string, { bid: number; offer: number; open: boolean }>()
  let rejected = 0
  const { buffer, starts, ends } = recorded
  const seconds = timed(() => {
    for (let i = 0, at = 0; i < count; i++, at = at + 1 === starts.length ? 0 : at + 1) {
      const event = decodeEvent(buffer.subarray(starts[at]!, ends[at]!))
      let market = markets.get(event.symbol)
      if (market === undefined) markets.set(event.symbol, (market = { bid: 0, offer: 0, open: false }))
      if (event.kind === 'quote') {
        const spread = event.offer - event.bid
        market.bid = event.bid
        market.offer = event.offer
        market.open = spread < 0.05 && spread / ((event.bid + event.offer) / 2) < 0.05
      } else if (!market.open)
        rejected += encodeRejection({ order: event, bid: market.bid, offer: market.offer }).length
    }
  })
  if (rejected === 0) throw new Error('the floor rejected nothing: it measures something else')
  return seconds
}

for (const durability of ['process', 'disk'] as const) {
  await compare(
    `market spread, memory, ${durability}`,
    count,
    () =>
      withFolder(async (data) => {
        const { seconds } = await runWorker({
          pipeline: merged,
          durability,
          data,
          source: (name) => memorySource(name, recorded, count),
        })
        return seconds
      }),
    floor,
  )
}

await withFolder(async (folder) => {
  const input = join(folder, 'events.msg')
  const { buffer } = recorded
  const copies = Math.ceil(count / recorded.starts.length)
  for (let copy = 0; copy < copies; copy++) writeFileSync(input, buffer, { flag: 'a' })
  const records = copies * recorded.starts.length
  for (const durability of ['process', 'disk'] as const) {
    await compare(
      `market spread, file to file, ${durability}`,
      records,
      () =>
        withFolder(async (data) => {
          const { seconds } = await runWorker({
            pipeline: merged,
            durability,
            data,
            source: (source, wake) => openFileSource({ source, path: input, framing: 'u32', follow: false, wake }),
            sink: (sink) => openFileSink({ sink, path: join(data, 'rejections.msg'), framing: 'u32', durability }),
          })
          return seconds
        }),
      () => floor() * (records / count),
    )
  }
})
