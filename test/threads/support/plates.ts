/** Counts number plates. How its format and its steps go wrong is said by MILLRACE_TEST_PLATES. */
import { bind, deadLetters, entity, pipeline, sink, source, text } from 'millrace'
import { file } from 'millrace/files'
import { isMainThread } from 'node:worker_threads'
import { join } from 'node:path'

const folder = process.env['MILLRACE_TEST_FOLDER']!
const how = process.env['MILLRACE_TEST_PLATES']!
let decoded = 0

const Plate = entity('plate', {
  state: () => ({ seen: 0 }),
  on: {
    saw(plate, line: string, ctx) {
      plate.seen += 1
      return `${ctx.key} ${plate.seen} ${line.split(' ')[1]}`
    },
  },
})

const plates = source('plates', {
  decode: (bytes) => {
    if (how === 'decoded once' && decoded++ >= 100) throw new Error('this worker has decoded more than its share')
    return text.decode(bytes)
  },
  key:
    how === 'no key' || how === 'not pure'
      ? undefined
      : (bytes) => (how === 'wrong' ? 'all' : keyOf(text.decode(bytes))),
})
const counts = sink('counts', text)

/** Steps that are not pure: what they make of a record depends on who runs them. */
let runs = 0
function keyOf(line: string): string {
  const key = line.split(' ')[0]!
  return how === 'not pure' && !isMainThread ? `${key}${runs++}` : key
}

const counting = pipeline('plates', ({ from }) => {
  from(plates).keyBy(keyOf).to(Plate.saw).into(counts)
})

export default bind(counting, [
  plates.from(file(join(folder, 'plates'))),
  counts.to(file(join(folder, 'counts'))),
  deadLetters.to(file(join(folder, 'letters'))),
])
