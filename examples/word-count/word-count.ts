/**
 * Counts the words of a text.
 *
 *   millrace run word-count.ts --in lines=bill-of-rights.txt --out counts=- --once
 */
import { encoding, entity, pipeline, sink, source, text } from 'millrace'

type Count = { word: string; count: number }

export const lines = source('lines', text)
export const counts = sink(
  'counts',
  encoding(({ word, count }: Count) => `${word} => ${count}`),
)

export const Word = entity('word', {
  state: () => ({ count: 0 }),
  on: {
    seen(word, text: string) {
      word.count += 1
      return { word: text, count: word.count }
    },
  },
})

export default pipeline('word-count', ({ from }) => {
  from(lines)
    .flatMap((line) => line.toLowerCase().match(/[a-z']+/g) ?? [])
    .keyBy((word) => word)
    .to(Word.seen)
    .into(counts)
})
