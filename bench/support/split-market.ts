/** Market spread whose events come from several sources: one for each worker. */
import { decoding, type Pipeline, pipeline, type Source, source } from 'millrace'
import { decodeEvent, symbolIn } from '../../examples/market-spread/layout.ts'
import { Market, rejections } from '../../examples/market-spread/market.ts'

export interface SplitMarket {
  readonly parts: readonly Source<ReturnType<typeof decodeEvent>>[]
  readonly market: Pipeline
}

export function splitMarket(count: number): SplitMarket {
  const parts = Array.from({ length: count }, (_, part) =>
    source(`events${part}`, decoding(decodeEvent, { key: symbolIn })),
  )
  const market = pipeline('market-spread', ({ from }) => {
    for (const part of parts) {
      const { quote, order } = from(part).branch('kind')
      quote.keyBy(({ symbol }) => symbol).to(Market.quote)
      order
        .keyBy(({ symbol }) => symbol)
        .to(Market.order)
        .into(rejections)
    }
  })
  return { parts, market }
}
