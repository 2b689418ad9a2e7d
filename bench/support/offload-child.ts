/** One run of the digits, in a process of its own. 0 offload threads: the step runs where the worker is. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
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
const input = join(folder, 'images')
writeFileSync(input, '')
const ends = [images.from(file(input, { framing: 'u32', follow: true })), tallies.to(file(join(folder, 'tallies')))]
const program: Program = bind(chosen, ends)
const options = threads === '0' ? {} : { offloadThreads: Number(threads) }
const running = await run(program, { data: join(folder, 'data'), durability: 'process', ...options })

/** Appends the recorded images, and waits until so many are committed in all. */
async function feed(recorded: Uint8Array, committed: number): Promise<void> {
  appendFileSync(input, recorded)
  while (running.stats().committed < committed) await sleep(2)
}

// Every thread has begun, and the step is as fast as it will get.
const warm = Number(count) / 4
await feed(readFileSync(join(folder, 'recorded-warm')), warm)
const begun = performance.now()
await feed(readFileSync(join(folder, 'recorded')), warm + Number(count))
console.log(JSON.stringify({ perSecond: (Number(count) / (performance.now() - begun)) * 1_000 }))
await running.stop()
