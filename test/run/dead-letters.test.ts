import { join } from 'node:path'
import { bind, deadLetters, entity, json, pipeline, run, source } from 'millrace'
import { file } from 'millrace/files'
import { readFile } from 'node:fs/promises'
import { describe, expect } from 'vitest'
import { test } from '../support/folder.ts'

const readings = source(
  'readings',
  json((raw) => raw as { gauge: string; unit: string }),
)

/** Stacks that were made into text. */
let stacks = 0

/** An error that notes when its stack is asked for. */
class UnknownUnit extends Error {
  constructor(unit: string) {
    super(`there is no unit ${unit}`)
    Object.defineProperty(this, 'stack', { get: () => `Error\n    at stack ${++stacks} (gauges.ts:1:1)` })
  }
}

const Gauge = entity('gauge', {
  state: () => ({ count: 0 }),
  on: {
    read(gauge, { unit }: { gauge: string; unit: string }) {
      gauge.count += 1
      if (unit !== 'mm') throw new UnknownUnit(unit)
    },
  },
})
const gauges = pipeline('gauges', ({ from }) => {
  from(readings)
    .keyBy(({ gauge }) => gauge)
    .to(Gauge.read)
})

describe('many messages that fail in one batch', () => {
  test('each is a dead letter with its error and place; one stack stands for those that say the same', async ({
    folder,
  }) => {
    stacks = 0
    const units = ['inch', 'mm', 'foot', 'mm']
    const list = Array.from({ length: 1_000 }, (_, i) => ({ gauge: `g${i % 10}`, unit: units[i % 4]! }))
    const output = join(folder, 'letters')
    const program = bind(gauges, [readings.from(list), deadLetters.to(file(output))])
    const running = await run(program, { data: join(folder, 'data'), once: true })
    await running.done
    const lines = (await readFile(output, 'utf8')).split('\n').filter(Boolean)
    const letters = lines.map((line) => JSON.parse(line) as { error: string; where: string })
    expect(letters).toHaveLength(500)
    expect(letters.filter(({ error }) => error === 'Error: there is no unit inch')).toHaveLength(250)
    expect(letters.filter(({ error }) => error === 'Error: there is no unit foot')).toHaveLength(250)
    expect(letters.every(({ where }) => /^stack \d+ \(gauges\.ts:1:1\)$/.test(where))).toBe(true)
    expect(new Set(letters.map(({ error, where }) => `${error} ${where}`)).size).toBe(stacks)
    expect(stacks).toBeLessThanOrEqual(2 * running.stats().commits)
  })

  test('what fails costs the other messages of its entity nothing', async ({ folder }) => {
    const list = ['mm', 'inch', 'mm', 'foot', 'mm'].map((unit) => ({ gauge: 'g', unit }))
    const program = bind(gauges, [readings.from(list)])
    const running = await run(program, { data: join(folder, 'data') })
    await expect.poll(() => running.stats().committed).toBe(5)
    expect(await running.get(Gauge, 'g')).toEqual({ count: 3 })
    expect(running.stats().deadLetters).toBe(2)
    await running.stop()
  })
})
