/** One run of the digits, in a process of its own. 0 offload threads: the step runs where the worker is. */
import { join } from 'node:path'
import { bind, pipeline, type Program, run } from 'millrace'
import { file } from 'millrace/files'
import { classify, type Image } from '../../examples/inference/classify.ts'
import digits, { Digit, images, tallies } from '../../examples/inference/digits.ts'
import { grain } from './offload-grain.ts'

const [folder = '', what = 'digits', threads = '1', count = '0'] = process.argv.slice(2)
const step = what === 'digits' ? classify : grain
const inline = pipeline('inline', ({ from }) => {
  from(images)
    .map((image) => step(image as Image) as { id: number; digit: number })
    .keyBy(({ digit }) => String(digit))
    .to(Digit.seen)
    .into(tallies)
})
const fine = pipeline('fine', ({ from }) => {
  from(images)
    .mapOffload(grain)
    .keyBy(({ digit }) => String(digit))
    .to(Digit.seen)
    .into(tallies)
})
const chosen = threads === '0' ? inline : what === 'digits' ? digits : fine
const ends = [images.from(file(join(folder, 'images'), { framing: 'u32' })), tallies.to(file(join(folder, 'tallies')))]
const program: Program = bind(chosen, ends)
const running = await run(program, {
  data: join(folder, 'data'),
  durability: 'process',
  once: true,
  ...(threads !== '0' && { offloadThreads: Number(threads) }),
})
const before = running.stats().committed
const begun = performance.now()
await running.done
console.log(JSON.stringify({ perSecond: ((Number(count) - before) / (performance.now() - begun)) * 1_000 }))
