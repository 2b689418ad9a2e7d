/** Market spread from memory. An order's price is when it was due: it takes part in no decision, and comes out in its rejection. */
import { bind, type Program } from 'millrace'
import { rejections } from '../../../examples/market-spread/market.ts'
import { latencySink } from '../latencies.ts'
import { sinkEnd } from '../port-ends.ts'
import { splitMarket } from '../split-market.ts'
import { parametersHere, partEnd } from './parameters.ts'

const parameters = parametersHere()
const { parts, market } = splitMarket(parameters.parts)

const kindOfOrder = 1
const priceInOrder = 24
const priceInRejection = 23

function stamp(view: DataView, start: number, dueMs: number): void {
  if (view.getUint8(start) === kindOfOrder) view.setFloat64(start + priceInOrder, dueMs)
}

const program: Program = bind(market, [
  ...parts.map((part, i) => part.from(partEnd(parameters, i, stamp))),
  rejections.to(
    sinkEnd('latencies', (sink) => latencySink(sink, (view, start) => view.getFloat64(start + priceInRejection))),
  ),
])
export default program
