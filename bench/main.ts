/**
 * npm run bench [-- SCENARIO...] [--quick]
 *
 * Every scenario runs in a process of its own. Each line gives the median and the spread of at least five runs; a ratio is the
 * median of the ratios of a run and the floor that ran right before it.
 */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { machine } from './support/machine.ts'

const folder = new URL('./scenarios/', import.meta.url)
const all = readdirSync(folder)
  .map((file) => file.replace(/\.ts$/, ''))
  .sort()
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
const unknown = wanted.filter((name) => !all.includes(name))
if (unknown.length > 0) {
  console.error(`no such scenario: ${unknown.join(', ')}. There are: ${all.join(', ')}`)
  process.exit(2)
}
console.log(machine())
for (const name of wanted.length > 0 ? wanted : all) {
  const file = new URL(`${name}.ts`, folder).pathname
  const { status } = spawnSync(
    process.execPath,
    [...process.execArgv, file, ...process.argv.slice(2).filter((argument) => argument.startsWith('--'))],
    { stdio: 'inherit' },
  )
  if (status !== 0) process.exit(status ?? 1)
}
