import { entity, json, msgpack, pipeline, sink, source } from 'millrace'
import { classify, type Image } from './classify.ts'

export const images = source(
  'images',
  msgpack((raw) => raw as Image),
)
export const tallies = sink(
  'tallies',
  json((raw) => raw as { digit: string; seen: number }),
)

export const Digit = entity('digit', {
  state: () => ({ seen: 0 }),
  on: {
    seen: (digit, _: { id: number }, { key }) => ({ digit: key, seen: ++digit.seen }),
  },
})

/** How often each digit was seen. Looking at an image takes a thousand times as long as counting it, so others do that. */
export default pipeline('digits', ({ from }) => {
  from(images)
    .mapOffload(classify)
    .keyBy(({ digit }) => String(digit))
    .to(Digit.seen)
    .into(tallies)
})
