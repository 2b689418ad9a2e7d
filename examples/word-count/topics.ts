/**
 * Counts words from topic to topic, exactly once. The key keeps the counts of a word in one partition, in their order.
 *
 *   npm run kafka                      (a broker to try it with; create the topics `lines` and `counts` in it)
 *   millrace run topics.ts
 */
import { bind, json, pipeline, sink } from 'millrace'
import { kafka } from 'millrace/kafka'
import { lines, Word } from './word-count.ts'

type Count = { word: string; count: number }

const counts = sink(
  'counts',
  json((raw) => raw as Count),
  { key: ({ word }) => word },
)

const wordCount = pipeline('word-count-topics', ({ from }) => {
  from(lines)
    .flatMap((line) => line.toLowerCase().match(/[a-z']+/g) ?? [])
    .keyBy((word) => word)
    .to(Word.seen)
    .into(counts)
})

export default bind(wordCount, [lines.from(kafka({ topic: 'lines' })), counts.to(kafka({ topic: 'counts' }))])
