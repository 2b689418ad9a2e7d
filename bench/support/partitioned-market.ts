/** Market spread with its events in two files, which two workers may read. */
import { join } from 'node:path'
import { bind, decoding, pipeline, type Program, source } from 'millrace'
import { file } from 'millrace/files'
import { decodeEvent, symbolIn } from '../../examples/market-spread/layout.ts'
import { Market, rejections } from '../../examples/market-spread/market.ts'

const folder = process.env['MILLRACE_BENCH_FOLDER']!
const parts = [0, 1].map((part) => source(`events${part}`, decoding(decodeEvent, { key: symbolIn })))

const market = pipeline('market-spread-partitioned', ({ from }) => {
  for (const part of parts) {
    const { quote, order } = from(part).branch('kind')
    quote.keyBy(({ symbol }) => symbol).to(Market.quote)
    order
      .keyBy(({ symbol }) => symbol)
      .to(Market.order)
      .into(rejections)
  }
})

const framing = 'u32'
const program: Program = bind(market, [
  ...parts.map((part, i) => part.from(file(join(folder, `events${i}`), { framing }))),
  rejections.to(file(join(folder, 'rejections'), { framing })),
])
export default program
