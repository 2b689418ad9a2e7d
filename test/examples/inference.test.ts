import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { classify } from '../../examples/inference/classify.ts'
import { drawn, generateImages } from '../../examples/inference/generate.ts'
import { test } from '../support/folder.ts'
import { example, millrace, slow } from './support/millrace.ts'

const options = { count: 200, seed: 5 }

describe('digits', () => {
  test('are told apart, nearly always', async () => {
    const { digits, images } = drawn(options)
    const seen = await Promise.all(images.map(async (image) => await classify(image)))
    const right = seen.filter(({ digit }, i) => digit === digits[i])
    expect(right.length).toBeGreaterThan(0.9 * options.count)
  })

  test('are counted, in the order in which they come, on threads of their own', slow, async ({ folder }) => {
    const [input, output] = [join(folder, 'images.msg'), join(folder, 'tallies')]
    await writeFile(input, generateImages(options))
    const run = ['run', example('inference/digits.ts'), '--once', '--data', join(folder, 'data')]
    const ends = ['--in', `images=file:${input}?framing=u32`, '--out', `tallies=${output}`]
    await millrace(...run, '--offload-threads', '2', ...ends)
    const seen = new Map<number, number>()
    const expected: unknown[] = []
    for (const image of drawn(options).images) {
      const { digit } = await classify(image)
      seen.set(digit, (seen.get(digit) ?? 0) + 1)
      expected.push({ digit: String(digit), seen: seen.get(digit) })
    }
    const lines = (await readFile(output, 'utf8')).trim().split('\n')
    const tallies = lines.map((line) => JSON.parse(line) as { digit: string })
    const ofDigit = (list: unknown[], digit: number): unknown[] =>
      list.filter((one) => (one as { digit: string }).digit === String(digit))
    for (let digit = 0; digit < 10; digit++) expect(ofDigit(tallies, digit)).toEqual(ofDigit(expected, digit))
  })
})
