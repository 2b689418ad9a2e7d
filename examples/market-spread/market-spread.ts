/**
 * Rejects orders for symbols whose market is too wide. Quotes and orders come in two streams: which order meets which quote
 * is decided when they arrive. See merged.ts for one stream, where the order of events is part of the input.
 *
 *   millrace run market-spread.ts --once --in quotes='file:quotes.msg?framing=u32' --in orders='file:orders.msg?framing=u32' \
 *     --out rejections='file:rejections.msg?framing=u32'
 */
import { decoding, pipeline, source } from 'millrace'
import { decodeOrder, decodeQuote, symbolIn } from './layout.ts'
import { Market, rejections } from './market.ts'

export const quotes = source('quotes', decoding(decodeQuote, { key: symbolIn }))
export const orders = source('orders', decoding(decodeOrder, { key: symbolIn }))
export { Market, rejections }

export default pipeline('market-spread', ({ from }) => {
  from(quotes)
    .keyBy((quote) => quote.symbol)
    .to(Market.quote)
  from(orders)
    .keyBy((order) => order.symbol)
    .to(Market.order)
    .into(rejections)
})
