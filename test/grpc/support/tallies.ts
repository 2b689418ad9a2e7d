/** Counts words, and behind them their first letters: from one shard to another by records, and from there to a third by lanes. */
import { encoding, entity, type Pipeline, pipeline, sink, source, text } from 'millrace'

type Seen = { word: string; count: number }
type Tallied = Seen & { total: number }

const lines = ['lines-0', 'lines-1'].map((name) => source(name, text))
const tallies = sink(
  'tallies',
  encoding(({ word, count, total }: Tallied) => `${word} ${count} ${total}`),
)

const Word = entity('word', {
  state: () => ({ count: 0 }),
  on: {
    seen(word, text: string): Seen {
      word.count += 1
      return { word: text, count: word.count }
    },
  },
})

const Letter = entity('letter', {
  state: () => ({ total: 0 }),
  on: {
    seen(letter, { word, count }: Seen): Tallied {
      letter.total += 1
      return { word, count, total: letter.total }
    },
  },
})

const letterOf = (word: string): string => word.at(-1)!

export const talliesPipeline: Pipeline = pipeline('tallies', ({ from }) => {
  for (const each of lines) {
    from(each)
      .flatMap((line) => line.split(' '))
      .keyBy((word) => word)
      .to(Word.seen)
      .keyBy(({ word }) => letterOf(word))
      .to(Letter.seen)
      .into(tallies)
  }
})

/**
 * What is wrong with what was written, in one line each: every word is counted 1, 2, 3, ... up to how often it was there, in this
 * order, and so is every letter.
 */
export function problemsOf(written: readonly string[], words: readonly string[]): string[] {
  const problems: string[] = []
  const counts = new Map<string, number>()
  const follow = (name: string, number: number): void => {
    const before = counts.get(name) ?? 0
    if (number !== before + 1) problems.push(`${name}: ${number} follows ${before}`)
    counts.set(name, number)
  }
  for (const line of written) {
    const [word, count, total] = line.split(' ') as [string, string, string]
    follow(word, Number(count))
    follow(`-${letterOf(word)}`, Number(total))
  }
  const wanted = new Map<string, number>()
  for (const word of words)
    for (const name of [word, `-${letterOf(word)}`]) wanted.set(name, (wanted.get(name) ?? 0) + 1)
  for (const [name, count] of wanted)
    if (counts.get(name) !== count) problems.push(`${name}: ends with ${counts.get(name)}, not with ${count}`)
  return problems
}
