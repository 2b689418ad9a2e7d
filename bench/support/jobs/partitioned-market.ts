/** Market spread with its events in two files, which two workers may read. */
import { join } from 'node:path'
import { bind, type Program } from 'millrace'
import { file } from 'millrace/files'
import { rejections } from '../../../examples/market-spread/market.ts'
import { splitMarket } from '../split-market.ts'

const folder = process.env['MILLRACE_BENCH_FOLDER']!
const { parts, market } = splitMarket(2)

const framing = 'u32'
const program: Program = bind(market, [
  ...parts.map((part, i) => part.from(file(join(folder, `events${i}`), { framing }))),
  rejections.to(file(join(folder, 'rejections'), { framing })),
])
export default program
