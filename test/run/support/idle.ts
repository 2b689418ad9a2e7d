import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { bind, entity, pipeline, run, source, text } from 'millrace'
import { file } from 'millrace/files'

// A program with nothing to do but to wait: for a file to grow, and for a timer. Prints what a second of that costs.
const folder = process.argv[2]!
const lines = source('lines', text)
const Egg = entity('egg', {
  state: () => ({ boils: false }),
  on: {
    boil(egg, _: string, ctx) {
      egg.boils = true
      ctx.after(3_600_000, Egg.done)
    },
    done: (egg) => void (egg.boils = false),
  },
})
const kitchen = pipeline('kitchen', ({ from }) => {
  from(lines)
    .keyBy((line) => line)
    .to(Egg.boil)
})

await writeFile(join(folder, 'eggs'), 'an egg\n')
const program = bind(kitchen, [lines.from(file(join(folder, 'eggs'), { follow: true }))])
const running = await run(program, { data: join(folder, 'data') })
while ((await running.get(Egg, 'an egg')) === undefined);
const startedMs = performance.now()
const before = process.cpuUsage()
await setTimeout(1_000) // the second that is measured
const { user, system } = process.cpuUsage(before)
console.log(JSON.stringify({ cpuMs: (user + system) / 1_000, elapsedMs: performance.now() - startedMs }))
await running.stop()
