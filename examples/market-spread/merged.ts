/**
 * Market spread with quotes and orders in one stream: the same input always gives the same rejections for each symbol.
 *
 *   millrace run merged.ts --in events='file:events.msg?framing=u32' --out rejections='file:rejections.msg?framing=u32' --once
 */
import { decoding, pipeline, source } from 'millrace'
import { decodeEvent, symbolIn } from './layout.ts'
import { Market, rejections } from './market.ts'

export const events = source('events', decoding(decodeEvent, { key: symbolIn }))
export { Market, rejections }

export default pipeline('market-spread-merged', ({ from }) => {
  const { quote, order } = from(events).branch('kind')
  quote.keyBy(({ symbol }) => symbol).to(Market.quote)
  order
    .keyBy(({ symbol }) => symbol)
    .to(Market.order)
    .into(rejections)
})
