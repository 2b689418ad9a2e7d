/**
 * What offloaded steps are worth: digits told apart where the worker is, and on one and two threads beside it. And a step that does
 * next to nothing, which shows what handing a record over costs. In turn, each run in a process of its own.
 */
import { spawnSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { generateImages } from '../../examples/inference/generate.ts'
import { short, spreadOf } from '../support/figures.ts'
import { print, rounds, scale } from '../support/measure.ts'
import { withFolder } from '../support/run-worker.ts'

const child = fileURLToPath(new URL('../support/offload-child.ts', import.meta.url))

function measured(folder: string, what: string, threads: number, count: number): number {
  for (const name of ['data', 'tallies', 'tallies.millrace'])
    rmSync(join(folder, name), { recursive: true, force: true })
  const args = [...process.execArgv, child, folder, what, String(threads), String(count)]
  const { stdout, status } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (status !== 0) throw new Error(`the run with ${threads} offload threads ended with ${status}`)
  return (JSON.parse(stdout) as { perSecond: number }).perSecond
}

await withFolder(async (folder) => {
  for (const [what, count] of [
    ['digits', Math.round(4_000 * scale)],
    ['a step of no work', Math.round(80_000 * scale)],
  ] as const) {
    writeFileSync(join(folder, 'recorded'), generateImages({ count, seed: 1 }))
    writeFileSync(join(folder, 'recorded-warm'), generateImages({ count: count / 4, seed: 2 }))
    const rates: [number[], number[], number[]] = [[], [], []]
    for (let round = 0; round < rounds; round++)
      for (const threads of [0, 1, 2]) rates[threads]!.push(measured(folder, what, threads, count))
    for (const threads of [0, 1, 2]) {
      const { median, lowest, highest } = spreadOf(rates[threads]!)
      const ratio = spreadOf(rates[threads]!.map((rate, round) => rate / rates[0][round]!)).median
      const how = threads === 0 ? 'inline' : `${threads} offload thread${threads === 1 ? '' : 's'}`
      print(
        `${what}, ${how}`,
        `${short(median)} images/s (${short(lowest)} to ${short(highest)})`,
        threads === 0 ? '' : `${ratio.toFixed(2)} of inline`,
      )
    }
  }
})
