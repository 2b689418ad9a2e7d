import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { entity, pipeline, run } from 'millrace'
import { afterEach, describe, expect, vi } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { test } from '../support/folder.ts'

const Egg = entity('egg', {
  state: () => ({ boiled: [] as number[], asked: 0 }),
  on: {
    boil(egg, ms: number, ctx) {
      egg.asked = ctx.now
      ctx.after(ms, Egg.done)
    },
    boilTwo(_egg, ms: number, ctx) {
      ctx.after(ms, Egg.done, undefined, { id: 'left' })
      ctx.after(ms, Egg.done, undefined, { id: 'right' })
    },
    done: (egg, _: void, ctx) => void egg.boiled.push(ctx.now),
    look: (egg) => egg.boiled.map((at) => at - egg.asked),
    clock: (_egg, _at: number, ctx) => ctx.now,
  },
})
const kitchen = pipeline('kitchen', ({ use }) => use(Egg))

afterEach(() => {
  vi.useRealTimers()
})

describe('time', () => {
  test('a timer fires when nothing else happens, also after a restart', async ({ folder }) => {
    const data = join(folder, 'data')
    const running = await run(kitchen, { data })
    await running.send(Egg.boil, 'first', 50)
    await running.send(Egg.boil, 'later', 400)
    await eventually(() => running.stats().handled === 3)
    expect((await running.ask(Egg.look, 'first'))![0]).toBeGreaterThanOrEqual(50)
    await running.stop()
    const again = await run(kitchen, { data })
    await eventually(() => again.stats().handled === 1)
    expect((await again.ask(Egg.look, 'later'))![0]).toBeGreaterThanOrEqual(400)
    await again.stop()
  })

  test('timers without a message are told apart by their id', async ({ folder }) => {
    const running = await run(kitchen, { data: join(folder, 'data') })
    await running.send(Egg.boilTwo, 'e', 20)
    await eventually(() => running.stats().handled === 3)
    expect(await running.ask(Egg.look, 'e')).toHaveLength(2)
    await running.stop()
  })

  test('the clock of a handler is that of its message, not of the commit before', async ({ folder }) => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const running = await run(kitchen, { data: join(folder, 'data') })
    for (let i = 0; i < 3; i++) {
      vi.setSystemTime(Date.now() + 100)
      expect(await running.ask(Egg.clock, 'e', 0)).toBe(Date.now())
    }
    await running.stop()
  })

  test('idle costs nothing: a followed file and a pending timer', async ({ folder }) => {
    const file = fileURLToPath(new URL('./support/idle.ts', import.meta.url))
    const { stdout } = await promisify(execFile)(process.execPath, [...process.execArgv, file, folder])
    const { cpuMs, elapsedMs } = JSON.parse(stdout) as { cpuMs: number; elapsedMs: number }
    expect(elapsedMs).toBeGreaterThan(900) // timers fire up to a millisecond early
    expect(cpuMs).toBeLessThan(elapsedMs * 0.05)
  }, 30_000)
})
