import { appendFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { Prng } from '../../runtime/base/prng.ts'
import { Command, linesOf } from '../cli/support/command.ts'
import { example } from '../examples/support/millrace.ts'
import { eventually } from '../support/eventually.ts'
import { test } from '../support/folder.ts'
import { killSeed } from './support/kills.ts'
import { countsOf, generateLines, perWord } from './support/words.ts'

const kills = 6
/** So many bytes of output may be due while the input grows: or there would be nothing left to be killed in the middle of. */
const backlog = 50_000

test(`the command line follows a growing file through ${kills} kills, seed ${killSeed}`, {
  timeout: 120_000,
}, async ({ folder }) => {
  const prng = new Prng(killSeed, 20)
  const lines = generateLines({ count: 10_500, seed: killSeed })
  const text = lines.map((line) => `${line}\n`).join('')
  const part = lines.length / (kills + 1)
  const [input, output] = [join(folder, 'lines.txt'), join(folder, 'counts.txt')]
  const args = ['run', example('word-count/word-count.ts'), '--data', join(folder, 'data')]
  args.push('--in', `lines=${input}`, '--out', `counts=${output}`)

  await writeFile(input, '')
  let written = 0
  /** By a piece that ends anywhere, also in the middle of a word. */
  const grow = async (from: number, limit: number): Promise<number> => {
    const end = Math.min(limit, from + 1 + prng.below(20_000))
    await appendFile(input, text.slice(from, end))
    return end
  }

  for (let i = 1; i <= kills + 1; i++) {
    const last = i === kills + 1
    const read = lines.slice(0, i * part)
    const readBytes = sizeOf(read)
    const before = await sizeOnDisk(output)
    const target = last ? sizeOf(countsOf(lines)) : before + 1 + prng.below(sizeOf(countsOf(read)) - before)
    const command = new Command(args)
    while ((await sizeOnDisk(output)) < target) {
      written = await grow(written, readBytes)
      const due = Math.min(target, sizeOf(countsOf(text.slice(0, written).split('\n').slice(0, -1))))
      const least = written < readBytes ? due - backlog : due
      await command.during(eventually(async () => (await sizeOnDisk(output)) >= least))
    }
    if (last) expect(await command.kill('SIGINT'), 'a clean stop').toMatchObject({ code: 0 })
    else expect(await command.kill('SIGKILL')).toMatchObject({ signal: 'SIGKILL' })
    while (written < readBytes) written = await grow(written, readBytes) // also while nobody reads
  }
  expect(perWord(await linesOf(output))).toEqual(perWord(countsOf(lines)))
})

function sizeOf(lines: readonly string[]): number {
  return lines.reduce((size, line) => size + line.length + 1, 0)
}

async function sizeOnDisk(path: string): Promise<number> {
  return await stat(path).then(
    ({ size }) => size,
    () => 0,
  )
}
