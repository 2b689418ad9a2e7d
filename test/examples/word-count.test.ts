import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bind } from 'millrace'
import { file } from 'millrace/files'
import { describe, expect } from 'vitest'
import program, { counts, lines, Word } from '../../examples/word-count/word-count.ts'
import { test } from '../support/folder.ts'
import { example, millrace, slow } from './support/millrace.ts'
import { runOnce, statesOf } from './support/run-once.ts'
import { sharedData } from './support/shared-data.ts'

const billOfRights = example('word-count/bill-of-rights.txt')

describe('word count', () => {
  test('a word is counted by a plain function', () => {
    const word = { count: 1 }
    expect(Word.seen(word, 'press')).toEqual({ word: 'press', count: 2 })
    expect(word).toEqual({ count: 2 })
  })

  test('217 words of the Bill of Rights, each count from one up', async ({ folder }) => {
    const output = join(folder, 'counts.txt')
    const bound = bind(program, [lines.from(file(billOfRights)), counts.to(file(output))])
    const stats = await runOnce(bound, join(folder, 'data'))
    const expected = countAnotherWay(await readFile(billOfRights, 'utf8'))
    expect(expected.size).toBe(217)
    expectRising(await readFile(output, 'utf8'), expected)
    expect(stats).toMatchObject({ handled: 482, written: 482, deadLetters: 0 })
    const states = await statesOf(bound, join(folder, 'data'), Word)
    expect(new Map([...states].map(([word, { count }]) => [word, count]))).toEqual(expected)
    expectRising(await readFile(output, 'utf8'), expected)
  })

  test('the same from the command line, and nothing more when it is started again', slow, async ({ folder }) => {
    const output = join(folder, 'counts.txt')
    const args = ['run', example('word-count/word-count.ts'), '--once', '--data', join(folder, 'data')]
    args.push('--in', `lines=${billOfRights}`, '--out', `counts=${output}`)
    for (let i = 0; i < 2; i++) {
      await millrace(...args)
      expectRising(await readFile(output, 'utf8'), countAnotherWay(await readFile(billOfRights, 'utf8')))
    }
  })

  test('from Wallaroo: the known counts', async ({ folder, skip }) => {
    const input = sharedData(skip, 'wallaroo/word_count/bill_of_rights/count_this.txt')
    const answer = sharedData(skip, 'wallaroo/word_count/bill_of_rights/_expected.json')
    const output = join(folder, 'counts.txt')
    await runOnce(bind(program, [lines.from(file(input)), counts.to(file(output))]), join(folder, 'data'))
    const expected = new Map(Object.entries(JSON.parse(await readFile(answer, 'utf8')) as Record<string, number>))
    expect(expected.size).toBe(217)
    expectRising(await readFile(output, 'utf8'), expected)
  })
})

/** Each word once for each time it was seen: `word => 1`, `word => 2`, ... */
function expectRising(output: string, expected: ReadonlyMap<string, number>): void {
  const counts = new Map<string, number>()
  for (const line of output.trimEnd().split('\n')) {
    const [word = '', count] = line.split(' => ')
    const next = (counts.get(word) ?? 0) + 1
    expect(Number(count), line).toBe(next)
    counts.set(word, next)
  }
  expect(counts).toEqual(expected)
}

function countAnotherWay(text: string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const word of text.toLowerCase().split(/\s+/)) {
    const bare = word.replace(/[^a-z']/g, '')
    if (bare !== '') counts.set(bare, (counts.get(bare) ?? 0) + 1)
  }
  return counts
}
