import { encoding, entity, pipeline, sink, source, text } from 'millrace'

export const lines = source('lines', text)
export const counts = sink(
  'counts',
  encoding((c: { word: string; count: number }) => `${c.word} => ${c.count}`),
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
    .flatMap((line) =>
      line
        .toLowerCase()
        .split(/[^a-z']+/)
        .filter(Boolean),
    )
    .keyBy((word) => word)
    .to(Word.seen)
    .into(counts)
})
