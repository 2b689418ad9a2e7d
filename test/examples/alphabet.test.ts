import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bind } from 'millrace'
import { file } from 'millrace/files'
import { describe, expect } from 'vitest'
import program, { Letter, totals, votes } from '../../examples/alphabet/alphabet.ts'
import { frames, unframe } from '../../examples/frames.ts'
import { random } from '../../examples/random.ts'
import { context } from 'millrace/testing'
import { test } from '../support/folder.ts'
import { example, millrace, slow } from './support/millrace.ts'
import { runOnce, statesOf } from './support/run-once.ts'
import { sharedData } from './support/shared-data.ts'

describe('alphabet', () => {
  test('a vote is counted by a plain function', () => {
    expect(Letter.vote({ votes: 5 }, { letter: 'k', votes: 2 }, context({ key: 'k' }))).toEqual({
      letter: 'k',
      votes: 7,
    })
  })

  test('totals rise by each vote, also of letters in several bytes', async ({ folder }) => {
    const next = random(7)
    const cast = Array.from({ length: 2_000 }, () => ({
      letter: ['a', 'b', 'zeta', 'é', '語'][Math.floor(next() * 5)]!,
      votes: Math.floor(next() * 2 ** 32),
    }))
    const input = join(folder, 'votes.msg')
    await writeFile(input, frames(cast.map(vote)))
    const sums = await sumThrough(folder, input)
    expect(sums).toEqual(totalsOf(cast))
    expect(Math.max(...sums.values())).toBeGreaterThan(2 ** 32)
  })

  test('the same from the command line; what is no vote is put aside', slow, async ({ folder }) => {
    const cast = [
      { letter: 'a', votes: 1 },
      { letter: 'b', votes: 7 },
      { letter: 'a', votes: 2 },
    ]
    const input = join(folder, 'votes.msg')
    const output = join(folder, 'totals.msg')
    await writeFile(input, frames([vote(cast[0]!), Uint8Array.of(1, 2, 3), ...cast.slice(1).map(vote)]))
    const run = ['run', example('alphabet/alphabet.ts'), '--once', '--data', join(folder, 'data')]
    const ends = ['--in', `votes=file:${input}?framing=u32`, '--out', `totals=file:${output}?framing=u32`]
    await millrace(...run, ...ends)
    expect(lastTotals(await readFile(output))).toEqual(
      new Map([
        ['a', 3],
        ['b', 7],
      ]),
    )
    const letters = await millrace('dead-letters', 'list', '--data', join(folder, 'data'))
    expect(letters.stdout).toContain('a vote has at least 5 bytes, not 3')
  })

  test('from Wallaroo: 1,000 votes and their totals', async ({ folder, skip }) => {
    const input = sharedData(skip, 'wallaroo/alphabet/partitioned/_test.txt')
    const answer = sharedData(skip, 'wallaroo/alphabet/partitioned/_expected.json')
    const sums = await sumThrough(folder, input)
    expect(Object.fromEntries(sums)).toEqual(JSON.parse(await readFile(answer, 'utf8')))
    expect([...sums.values()].reduce((sum, votes) => sum + votes)).toBe(5_070_964)
  })

  test('from Wallaroo: 10,000 votes, added up another way', async ({ folder, skip }) => {
    const input = sharedData(skip, 'wallaroo/alphabet/votes/votes.msg')
    const cast = unframe(await readFile(input)).map((frame) => ({
      letter: String.fromCharCode(frame[0]!),
      votes: Buffer.from(frame).readUInt32BE(1),
    }))
    expect(cast).toHaveLength(10_000)
    expect(await sumThrough(folder, input)).toEqual(totalsOf(cast))
  })
})

type Vote = { letter: string; votes: number }

async function sumThrough(folder: string, input: string): Promise<Map<string, number>> {
  const output = join(folder, 'totals.msg')
  const framing = 'u32'
  const bound = bind(program, [votes.from(file(input, { framing })), totals.to(file(output, { framing }))])
  await runOnce(bound, join(folder, 'data'))
  const states = await statesOf(bound, join(folder, 'data'), Letter)
  const last = lastTotals(await readFile(output))
  expect(new Map([...states].map(([letter, { votes }]) => [letter, votes]))).toEqual(last)
  return last
}

function vote({ letter, votes }: Vote): Uint8Array {
  const name = Buffer.from(letter)
  const bytes = Buffer.alloc(name.length + 4)
  name.copy(bytes)
  bytes.writeUInt32BE(votes, name.length)
  return bytes
}

function lastTotals(output: Uint8Array): Map<string, number> {
  return new Map(
    unframe(output).map((frame) => {
      const bytes = Buffer.from(frame)
      return [bytes.toString('utf8', 0, bytes.length - 8), Number(bytes.readBigUInt64BE(bytes.length - 8))]
    }),
  )
}

function totalsOf(cast: readonly Vote[]): Map<string, number> {
  const sums = new Map<string, number>()
  for (const { letter, votes } of cast) sums.set(letter, (sums.get(letter) ?? 0) + votes)
  return sums
}
