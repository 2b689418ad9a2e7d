import { readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Program } from 'millrace'
import { bind, entity, pipeline, run, sink, source, text } from 'millrace'
import { file } from 'millrace/files'
import { describe, expect } from 'vitest'
import { openLevelStore } from '../../runtime/node/level/open-store.ts'
import { test } from '../support/folder.ts'

const lines = source('lines', text)
const out = sink('out', text)

/** A program that runs a line through a step and keeps the last one; a line "crash" stops it like a crash, without draining. */
function keeper(folder: string, step: (line: string) => string, crashes = false): Program {
  const Keeper = entity('keeper', {
    state: () => ({ line: '' }),
    onError: 'stop',
    on: {
      keep(keeper, line: string) {
        if (crashes && line === 'crash') throw new Error('power cut')
        keeper.line = line
        return line
      },
    },
  })
  const program = pipeline('keeping', ({ from }) => {
    from(lines)
      .map(step)
      .keyBy(() => 'k')
      .to(Keeper.keep)
      .into(out)
  })
  return bind(program, [lines.from(file(join(folder, 'in'))), out.to(file(join(folder, 'out')))])
}

async function once(program: Program, folder: string, options: { acceptTornRecords?: boolean } = {}): Promise<string> {
  const running = await run(program, { data: join(folder, 'data'), once: true, ...options })
  await running.done
  return await readFile(join(folder, 'out'), 'utf8')
}

describe('the steps behind a source change', () => {
  test('after everything that was read was handled: taken as they are', async ({ folder }) => {
    await writeFile(join(folder, 'in'), 'a\n')
    expect(
      await once(
        keeper(folder, (line) => `${line}1`),
        folder,
      ),
    ).toBe('a1\n')
    await writeFile(join(folder, 'in'), 'a\nb\n')
    expect(
      await once(
        keeper(folder, (line) => `${line}2`),
        folder,
      ),
    ).toBe('a1\nb2\n')
  })

  test('after a crash: refused, until it is accepted or the old ones have finished', async ({ folder }) => {
    await writeFile(join(folder, 'in'), 'a\ncrash\n')
    const old = (crashes: boolean): Program => keeper(folder, (line) => line, crashes)
    await expect(once(old(true), folder)).rejects.toMatchObject({
      code: 'MR_HANDLER_FAILED',
      message: expect.stringContaining('power cut'),
    })
    await expect(
      once(
        keeper(folder, (line) => `${line}!`),
        folder,
      ),
    ).rejects.toMatchObject({
      code: 'MR_SOURCE_PLAN_CHANGED',
      next: expect.stringContaining('--accept-torn-records'),
    })
    expect(
      await once(
        keeper(folder, (line) => `${line}!`),
        folder,
        { acceptTornRecords: true },
      ),
    ).toBe('a!\ncrash!\n')
  })

  test('after a crash: the old ones finish, and the new ones may begin', async ({ folder }) => {
    await writeFile(join(folder, 'in'), 'a\ncrash\n')
    await expect(
      once(
        keeper(folder, (line) => line, true),
        folder,
      ),
    ).rejects.toMatchObject({ code: 'MR_HANDLER_FAILED' })
    expect(
      await once(
        keeper(folder, (line) => line, false),
        folder,
      ),
    ).toBe('a\ncrash\n')
    expect(
      await once(
        keeper(folder, (line) => `${line}!`),
        folder,
      ),
    ).toBe('a\ncrash\n')
  })
})

describe('a source changes', () => {
  test('its file shrank, was replaced, is gone: nothing is read, and nothing is left open', async ({ folder }) => {
    const program = keeper(folder, (line) => line)
    const input = join(folder, 'in')
    await writeFile(input, 'a\nb\n')
    await once(program, folder)
    await truncate(input, 2)
    await expect(once(program, folder)).rejects.toMatchObject({ code: 'MR_SOURCE_SHRANK' })
    await writeFile(input, 'x\ny\nz\n')
    await expect(once(program, folder)).rejects.toMatchObject({ code: 'MR_SOURCE_REPLACED' })
    await rm(input)
    await expect(once(program, folder)).rejects.toMatchObject({ code: 'MR_SOURCE_FAILED' })
    await writeFile(input, 'a\nb\nc\n')
    expect(await once(program, folder)).toBe('a\nb\nc\n')
  })

  test('its list does not begin as it did', async ({ folder }) => {
    const Last = entity('last', {
      state: () => ({ line: '' }),
      on: { see: (last, line: string) => void (last.line = line) },
    })
    const flow = pipeline('list', ({ from }) => {
      from(lines)
        .keyBy(() => 'k')
        .to(Last.see)
    })
    const data = join(folder, 'data')
    await (await run(bind(flow, [lines.from(['a', 'b'])]), { data, once: true })).done
    await expect(run(bind(flow, [lines.from(['a'])]), { data })).rejects.toMatchObject({ code: 'MR_SOURCE_SHRANK' })
    await expect(run(bind(flow, [lines.from(['a', 'x', 'c'])]), { data })).rejects.toMatchObject({
      code: 'MR_SOURCE_REPLACED',
    })
  })
})

describe('the program changes', () => {
  const Note = entity('note', {
    state: () => ({ text: '' }),
    on: { write: (note, text: string) => void (note.text = text) },
  })
  const Alarm = entity('alarm', {
    state: () => ({ rung: 0 }),
    on: {
      set(_alarm, _at: number, ctx) {
        ctx.after(3_600_000, Alarm.ring)
      },
      ring: (alarm) => void (alarm.rung += 1),
    },
  })
  const Mute = entity('alarm', { state: () => ({ rung: 0 }), on: { set: (_alarm, _at: number) => {} } })

  test('an entity that still has state is missed by name; one that has none is not', async ({ folder }) => {
    const data = join(folder, 'data')
    const both = pipeline('both', ({ use }) => use(Note, Alarm))
    const one = pipeline('one', ({ use }) => use(Alarm))
    await (await run(both, { data })).stop()
    await (await run(one, { data })).stop()
    const running = await run(both, { data })
    await running.send(Note.write, 'n', 'text')
    await running.stop()
    await expect(run(one, { data })).rejects.toMatchObject({
      code: 'MR_PROGRAM_CHANGED',
      message: expect.stringContaining(
        'entity "note" is no longer part of pipeline "one", but the data folder still holds state, of key "n" for one',
      ),
    })
    await (await run(both, { data })).stop()
  })

  test('a handler that a timer waits for is missed by name, and so is its entity', async ({ folder }) => {
    const data = join(folder, 'data')
    const running = await run(
      pipeline('all', ({ use }) => use(Note, Alarm)),
      { data },
    )
    await running.send(Alarm.set, 'a', 1)
    await running.stop()
    await expect(
      run(
        pipeline('mute', ({ use }) => use(Note, Mute)),
        { data },
      ),
    ).rejects.toMatchObject({
      code: 'MR_PROGRAM_CHANGED',
      message: expect.stringContaining('handler "alarm.ring" is no longer part'),
    })
    await expect(
      run(
        pipeline('none', ({ use }) => use(Note)),
        { data },
      ),
    ).rejects.toMatchObject({
      code: 'MR_PROGRAM_CHANGED',
      message: expect.stringContaining('entity "alarm" is no longer part'),
    })
  })
})

describe('an entity changes', () => {
  test('begins to be forgotten when idle, and ceases to: its states are read either way', async ({ folder }) => {
    const counter = (ttlMs?: number) =>
      entity('counter', {
        ...(ttlMs === undefined ? {} : { ttlMs }),
        state: () => ({ count: 0 }),
        on: { add: (counter, by: number) => (counter.count += by) },
      })
    for (const [i, ttlMs] of [undefined, 3_600_000, undefined, 3_600_000].entries()) {
      const Counter = counter(ttlMs)
      const running = await run(
        pipeline('counting', ({ use }) => use(Counter)),
        { data: join(folder, 'data') },
      )
      expect(await running.ask(Counter.add, 'c', 1)).toBe(i + 1)
      expect(await running.get(Counter, 'c')).toEqual({ count: i + 1 })
      await running.stop()
    }
  })
})

describe('the data folder', () => {
  const nothing = pipeline('nothing', ({ use }) => use(entity('e', { state: () => ({}), on: { hi: () => {} } })))

  test('is used by one program at a time', async ({ folder }) => {
    const data = join(folder, 'data')
    const running = await run(nothing, { data })
    await expect(run(nothing, { data })).rejects.toMatchObject({ code: 'MR_STORE_LOCKED' })
    await running.stop()
    await (await run(nothing, { data })).stop()
  })

  test('keeps the number of its shards', async ({ folder }) => {
    const path = join(folder, 'data')
    await (await run(nothing, { data: path })).stop()
    await expect(openLevelStore({ path, shardCount: 64, durability: 'disk' })).rejects.toMatchObject({
      code: 'MR_SHARD_COUNT_CHANGED',
    })
  })
})
