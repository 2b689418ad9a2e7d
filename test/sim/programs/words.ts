import { encoding, entity, pipeline, sink, source, text } from 'millrace'
import { compile } from '../../../api/compile.ts'
import type { Prng } from '../../../runtime/base/prng.ts'
import { createCodec } from '../../../runtime/codec/codec.ts'
import type { SimProgram } from '../../../runtime/sim/sim-program.ts'
import { dealt, utf8 } from './kit.ts'

const lines = source('lines', text)
const counts = sink(
  'counts',
  encoding((c: { word: string; count: number }) => `${c.word} => ${c.count}`),
)
const long = sink('long', text)

const Word = entity('word', {
  state: () => ({ count: 0, lengths: new Map<number, number>() }),
  on: {
    seen(word, line: string) {
      word.count += 1
      word.lengths.set(line.length, (word.lengths.get(line.length) ?? 0) + 1)
      return { word: line, count: word.count }
    },
  },
})

/** Several words of a record may go to one shard, and a record may be of no use to anybody. */
const counting = pipeline('counting', ({ from }) => {
  from(lines)
    .flatMap((line) => line.split(' ').filter(Boolean))
    .keyBy((word) => word)
    .to(Word.seen)
    .into(counts)
  from(lines)
    .filter((line) => line.length > 20)
    .map((line) => line.toUpperCase())
    .into(long)
})

/** The next version of it counts only words that are long enough. */
const countingAnew = pipeline('counting', ({ from }) => {
  from(lines)
    .flatMap((line) => line.split(' ').filter((word) => word.length > 1))
    .keyBy((word) => word)
    .to(Word.seen)
    .into(counts)
  from(lines)
    .filter((line) => line.length > 20)
    .into(long)
})

/** Word count; a part of the pipeline has no state; the steps before `keyBy` change with an upgrade. */
export function wordsOf(prng: Prng): SimProgram {
  const vocabulary = ['a', 'an', 'and', 'the', 'mill', 'race', 'water', 'wheel', 'ßtraße', '水']
  const records = Array.from({ length: prng.below(60) }, () =>
    Array.from({ length: prng.below(8) }, () => prng.pick(vocabulary)).join(' '),
  )
  return {
    name: 'words',
    plans: [compile(counting), compile(countingAnew)],
    codec: createCodec(),
    inputs: [{ source: 'lines', partitions: dealt(records.map(utf8), 1 + prng.below(3)) }],
  }
}
