import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { run } from 'millrace'
import { shardOf } from '../../runtime/base/hash.ts'
import { defaultShardCount } from '../../runtime/base/limits.ts'
import { test } from '../support/folder.ts'

const slow = { timeout: 60_000 }
const keys = Array.from({ length: 40 }, (_, i) => `k${i}`)
const lines = Array.from({ length: 200 }, (_, i) => `${keys[i % 40]} ${i}`)
const ofTheReader = (line: string): boolean => shardOf(line.split(' ')[0]!, defaultShardCount) % 2 === 0

/** What two workers write of the lines, of which the first worker reads all, and the codes of what they could not handle. */
async function written(folder: string, how: string): Promise<{ lines: string[]; letters: Map<string, number> }> {
  Object.assign(process.env, { MILLRACE_TEST_FOLDER: folder, MILLRACE_TEST_PLATES: how })
  await writeFile(join(folder, 'plates'), lines.map((line) => `${line}\n`).join(''))
  const program = new URL(`./support/plates.ts?${how}`, import.meta.url)
  const running = await run(program, { data: join(folder, 'data'), workers: 2, once: true })
  await running.done
  const text = await readFile(join(folder, 'counts'), 'utf8')
  const letters = new Map<string, number>()
  for (const line of (await readFile(join(folder, 'letters'), 'utf8')).split('\n').filter(Boolean)) {
    const { code } = JSON.parse(line) as { code: string }
    letters.set(code, (letters.get(code) ?? 0) + 1)
  }
  return { lines: text.split('\n').filter(Boolean), letters }
}

describe('records that belong to another worker', slow, () => {
  for (const how of ['no key', 'right', 'decoded once'])
    test(`${how}: every one is handled, in order`, async ({ folder }) => {
      const result = await written(folder, how)
      const expected = lines.map((line, i) => `${line.split(' ')[0]} ${1 + Math.floor(i / 40)} ${i}`)
      expect(result.lines.toSorted()).toEqual(expected.toSorted())
      expect(result.letters).toEqual(new Map())
    })

  test("a format's key that is not what keyBy finds: a dead letter, unless both are the same worker's", async ({
    folder,
  }) => {
    const result = await written(folder, 'wrong')
    const taker = shardOf('all', defaultShardCount) % 2 === 0
    const taken = lines.filter((line) => ofTheReader(line) === taker)
    expect(result.lines).toHaveLength(taken.length)
    expect(result.letters).toEqual(new Map([['MR_KEY_DIFFERS', lines.length - taken.length]]))
  })

  test('a step that is not pure: nothing is lost unnoticed', async ({ folder }) => {
    const result = await written(folder, 'not pure')
    const refused = result.letters.get('MR_STEP_NOT_PURE') ?? 0
    expect(refused).toBeGreaterThan(0)
    expect(result.lines).toHaveLength(lines.length - refused)
    expect([...result.letters.keys()]).toEqual(['MR_STEP_NOT_PURE'])
  })
})
