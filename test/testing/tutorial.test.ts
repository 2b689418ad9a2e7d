import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { applyDiff, blocksOf } from './support/tutorial.ts'

const checkout = fileURLToPath(new URL('../../', import.meta.url))

/** What a test of the page needs. */
const head = `
import { expect } from 'vitest'
import { check, conserved, harness, simulate, standard } from 'millrace/testing'
import points, { Account, Region, gifts, members, purchases } from './points.ts'
let body
const test = (name, act) => { body = act }
`

let folder = ''
beforeAll(async () => {
  // Inside of the package, where 'millrace' means this checkout.
  await mkdir(join(checkout, 'dist'), { recursive: true })
  folder = await mkdtemp(join(checkout, 'dist', 'tutorial-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** The message that a test of the page fails with; undefined: it passes. */
async function failureOf(step: number, program: string, testText: string): Promise<string | undefined> {
  const place = join(folder, String(step))
  await mkdir(place)
  await writeFile(join(place, 'points.ts'), program)
  await writeFile(join(place, 'test.ts'), `${head}${testText}\nexport default body\n`)
  const module = (await import(join(place, 'test.ts'))) as { default: () => unknown }
  try {
    await module.default()
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

test('every step of docs/testing.md is true', async () => {
  const [first, ...blocks] = blocksOf(await readFile(join(checkout, 'docs', 'testing.md'), 'utf8'))
  let program = first!.text
  let found = 0
  for (const [i, { language, text }] of blocks.entries()) {
    if (language === 'diff') program = applyDiff(program, text)
    if (language !== 'ts') continue
    const message = await failureOf(i, program, text)
    const next = blocks[i + 1]
    if (next?.language !== 'text') expect(message).toBeUndefined()
    else {
      found += 1
      for (const line of next.text.trimEnd().split('\n')) expect(message).toContain(line)
    }
  }
  expect(found).toBe(4)
})

test('a page that changes what is not there is found', () => {
  expect(applyDiff('a\nb\nc\n', '-b\n+d\n+e\n-c\n')).toBe('a\nd\ne\n')
  expect(() => applyDiff('a\n', '-b\n+c\n')).toThrow('is not there once')
})
