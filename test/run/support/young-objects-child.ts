/** Makes objects that stay, lets V8 collect, and says so: before and after a program was started. V8 says on the same stream what it learns. */
import { writeSync } from 'node:fs'
import { bind, entity, json, pipeline, run, source } from 'millrace'

declare const gc: () => void

const numbers = source(
  'numbers',
  json((raw) => raw as { n: number }),
)
const Sum = entity('sum', {
  state: () => ({ sum: 0 }),
  on: {
    add(state, { n }: { n: number }) {
      state.sum += n
    },
  },
})
const sums = pipeline('sums', ({ from }) => {
  from(numbers)
    .keyBy(() => 'all')
    .to(Sum.add)
})

function stay(text: string, make: (n: number) => object): void {
  writeSync(1, `${text}\n`)
  const kept: object[] = []
  for (let n = 0; n < 2_000; n++) kept.push(make(n))
  gc()
  writeSync(1, `${kept.length} are there\n`)
}

// Two places that make objects, because V8 learns of each by itself.
stay('before', (n) => ({ n, twice: 2 * n }))
const running = await run(bind(sums, [numbers.from([{ n: 1 }])]), { data: process.argv[2]!, once: true })
stay('after', (n) => ({ n, thrice: 3 * n }))
await running.done
