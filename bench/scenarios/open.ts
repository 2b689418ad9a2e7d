/**
 * Time from opening a store with 1,000,000 entities (`--entities=10000000` for more) to the first output, and to the first one of a
 * record that was read since, after a clean stop and after a kill in mid-flight.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { print, rounds, scale } from '../support/measure.ts'
import { short, spreadOf } from '../support/figures.ts'
import { option } from '../support/options.ts'

const entities = Math.round(option('entities', 1_000_000 * scale))
const child = fileURLToPath(new URL('../support/open-child.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'))

function run(mode: 'fill' | 'open' | 'die', from: number): string {
  const { stdout, status, signal } = spawnSync(
    process.execPath,
    [...process.execArgv, child, folder, mode, String(entities), String(from)],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
  )
  if (status !== 0 && signal !== 'SIGKILL') throw new Error(`the ${mode} run ended with ${status}`)
  return stdout
}

try {
  run('fill', 0)
  let from = entities
  const opened = (): number[] =>
    run('open', (from += 1_000))
      .split(' ')
      .map(Number)
  const clean = Array.from({ length: rounds }, opened)
  const killed = Array.from({ length: rounds }, () => {
    run('die', (from += 1_000))
    from += 2_000_000 // further than that run can have come
    return opened()
  })
  for (const [name, values] of [
    ['clean stop', clean],
    ['kill -9', killed],
  ] as const) {
    for (const [i, what] of ['first output', 'first of a new record'].entries()) {
      const { median, lowest, highest } = spreadOf(values.map((times) => times[i]!))
      print(
        `${what}, ${short(entities)} entities, after ${name}`,
        `${short(median)} ms (${short(lowest)} to ${short(highest)})`,
        '',
      )
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
