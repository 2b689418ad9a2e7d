import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bind, entity, pipeline, run } from 'millrace'
import { file } from 'millrace/files'
import { describe, expect } from 'vitest'
import { hideRealEnd } from '../../api/real-end.ts'
import { openFileSink } from '../../runtime/node/files/file-sink.ts'
import { openListSource } from '../../runtime/ports/list-source.ts'
import { eventually } from '../support/eventually.ts'
import { test } from '../support/folder.ts'
import { Account, balances, bank, type Deposit, deposit, deposits } from './support/bank.ts'

/** A bank that read this, and what it wrote. */
function bankIn(folder: string, list: readonly Deposit[]) {
  const output = join(folder, 'balances')
  return {
    program: bind(bank, [deposits.from(list), balances.to(file(output))]),
    data: join(folder, 'data'),
    written: async () => (await readFile(output, 'utf8')).split('\n').filter(Boolean).sort(),
  }
}

describe('run', () => {
  test('reads to the end, writes, stops, and goes on where it was when there is more', async ({ folder }) => {
    const first = bankIn(folder, [deposit('a', 1), deposit('b', 2)])
    const running = await run(first.program, { data: first.data, once: true })
    await running.done
    expect(running.stats()).toMatchObject({ read: 2, committed: 2, handled: 2, written: 2, deadLetters: 0 })
    const more = bankIn(folder, [deposit('a', 1), deposit('b', 2), deposit('a', 4)])
    const again = await run(more.program, { data: more.data, once: true })
    await again.done
    expect(again.stats()).toMatchObject({ read: 1, written: 1 })
    expect(await more.written()).toEqual([
      '{"account":"a","balance":1}',
      '{"account":"a","balance":5}',
      '{"account":"b","balance":2}',
    ])
  })

  test('ends may be ports that somebody made', async ({ folder }) => {
    const records = [deposit('a', 1), deposit('a', 2)].map((each) => new TextEncoder().encode(JSON.stringify(each)))
    const { data, written } = bankIn(folder, [])
    const ports = hideRealEnd({
      kind: 'port',
      text: 'a list and a file',
      openSource: (source) => openListSource({ source, records }),
      openSink: (sink) =>
        openFileSink({ sink, path: join(folder, 'balances'), framing: 'lines', durability: 'process' }),
    })
    const running = await run(bind(bank, [deposits.from(ports), balances.to(ports)]), { data, once: true })
    await running.done
    expect(await written()).toEqual(['{"account":"a","balance":1}', '{"account":"a","balance":3}'])
  })

  test('its signal stops it', async ({ folder }) => {
    const { program, data, written } = bankIn(folder, [deposit('a', 1)])
    const abort = new AbortController()
    const running = await run(program, { data, signal: abort.signal })
    abort.abort()
    await running.done
    expect(await written()).toEqual(['{"account":"a","balance":1}'])
    await expect(run(program, { data, signal: abort.signal })).rejects.toThrow('aborted')
  })

  test('a file of a program is loaded, and what is wrong with it is said', async ({ folder }) => {
    const data = join(folder, 'data')
    await expect(run(new URL('./support/no-program.ts', import.meta.url), { data })).rejects.toMatchObject({
      code: 'MR_PROGRAM_INVALID',
      message: expect.stringContaining('exports something else than a program by default'),
    })
    await expect(run(new URL('./support/nowhere.ts', import.meta.url), { data })).rejects.toMatchObject({
      code: 'MR_PROGRAM_INVALID',
    })
    await expect(run(bank, { data })).rejects.toMatchObject({ code: 'MR_END_UNBOUND' })
    const running = await run(new URL('./support/alone.ts', import.meta.url), { data })
    await running.stop()
  })
})

describe('requests', () => {
  test('ask answers, send waits, and a message is taken as it was', async ({ folder }) => {
    const { program, data, written } = bankIn(folder, [])
    const running = await run(program, { data })
    const message = deposit('a', 5)
    const sent = running.send(Account.deposit, 'a', message)
    message.amount = 1_000
    await sent
    expect(await running.ask(Account.audit, 'a')).toBe(5)
    expect(await running.ask(Account.deposit, 'a', deposit('a', 2))).toEqual({ account: 'a', balance: 7 })
    await running.stop()
    // What was asked for directly flows nowhere: nobody listens to every deposit.
    expect(await written()).toEqual([])
  })

  test('asked twice with one id, it has one effect and one answer, also after a restart', async ({ folder }) => {
    const { program, data } = bankIn(folder, [])
    const running = await run(program, { data })
    const both = await Promise.all([
      running.ask(Account.deposit, 'a', deposit('a', 5), { id: 'gift' }),
      running.ask(Account.deposit, 'a', deposit('a', 5), { id: 'gift' }),
    ])
    expect(both).toEqual([
      { account: 'a', balance: 5 },
      { account: 'a', balance: 5 },
    ])
    await running.stop()
    const again = await run(program, { data })
    expect(await again.ask(Account.deposit, 'a', deposit('a', 9), { id: 'gift' })).toEqual({ account: 'a', balance: 5 })
    await again.send(Account.deposit, 'a', deposit('a', 1), { id: 'coin' })
    await again.send(Account.deposit, 'a', deposit('a', 1), { id: 'coin' })
    expect(await again.get(Account, 'a')).toEqual({ balance: 6 })
    await again.stop()
  })

  test('a handler that throws says so to whoever asked, and changes nothing', async ({ folder }) => {
    const { program, data } = bankIn(folder, [])
    const running = await run(program, { data })
    await running.send(Account.deposit, 'a', deposit('a', 1))
    await expect(running.ask(Account.deposit, 'a', deposit('a', -1))).rejects.toMatchObject({
      code: 'MR_HANDLER_FAILED',
      message: expect.stringContaining('account.deposit failed for key "a": a deposit is not negative'),
      certain: true,
    })
    expect(await running.get(Account, 'a')).toEqual({ balance: 1 })
    expect(running.stats().deadLetters).toBe(0)
    await running.stop()
  })

  test('what cannot be asked is refused', async ({ folder }) => {
    const Stranger = entity('stranger', { state: () => ({ n: 0 }), on: { hello: (_stranger, _name: string) => {} } })
    const { program, data } = bankIn(folder, [])
    const running = await run(program, { data })
    await expect(running.send(Stranger.hello, 'a', 'you')).rejects.toMatchObject({ code: 'MR_UNKNOWN_HANDLER' })
    await expect(running.get(Stranger, 'a')).rejects.toMatchObject({ code: 'MR_UNKNOWN_HANDLER' })
    expect(() => running.scan(Stranger)).toThrow('has no entity "stranger"')
    await expect(running.send(Account.deposit, 5 as never, deposit('a', 1))).rejects.toMatchObject({
      code: 'MR_KEY_INVALID',
    })
    await expect(
      running.send(Account.deposit, 'a', { account: 'a', amount: (() => 1) as never }),
    ).rejects.toMatchObject({ code: 'MR_ENCODE_FAILED' })
    await expect(running.send(Account.deposit, 'a', { account: 'x'.repeat(2 << 20), amount: 1 })).rejects.toMatchObject(
      { code: 'MR_MESSAGE_TOO_LARGE' },
    )
    await expect(running.send((() => {}) as never, 'a')).rejects.toThrow(TypeError)
    await running.stop()
    await expect(running.ask(Account.audit, 'a')).rejects.toMatchObject({ code: 'MR_STOPPED' })
    await expect(running.get(Account, 'a')).rejects.toMatchObject({ code: 'MR_STOPPED' })
  })
})

describe('queries', () => {
  test('scan gives every state of one commit; get gives one', async ({ folder }) => {
    const list = Array.from({ length: 5_000 }, (_, i) => deposit(`k${i % 500}`, 1))
    const { program, data } = bankIn(folder, list)
    const running = await run(program, { data, durability: 'process' })
    const states = new Map<string, number>()
    for await (const [key, { balance }] of running.scan(Account)) states.set(key, balance)
    // Records that one commit took in are there or not there together; nothing is there twice.
    const sum = [...states.values()].reduce((a, b) => a + b, 0)
    expect(
      [...states.values()].every((balance) => balance === Math.floor(sum / 500) || balance === Math.ceil(sum / 500)),
    ).toBe(true)
    await eventually(() => running.stats().committed === list.length)
    const last = new Map<string, number>()
    for await (const [key, { balance }] of running.scan(Account)) last.set(key, balance)
    expect(last).toEqual(new Map(Array.from({ length: 500 }, (_, i) => [`k${i}`, 10])))
    for await (const [key, state] of running.scan(Account)) {
      expect(await running.get(Account, key)).toEqual(state)
      break
    }
    expect(await running.get(Account, 'nobody')).toBeUndefined()
    await running.stop()
    await (await run(program, { data, once: true })).done
    const again = await run(program, { data })
    const at = new Map<string, number>()
    for await (const [key, { balance }] of again.scan(Account)) at.set(key, balance)
    expect(at).toEqual(new Map(Array.from({ length: 500 }, (_, i) => [`k${i}`, 10])))
    await again.stop()
  })

  test("states of an older shape are shown in today's", async ({ folder }) => {
    const data = join(folder, 'data')
    const Old = entity('person', {
      state: () => ({ name: '' }),
      on: { call: (person, name: string) => void (person.name = name) },
    })
    const New = entity('person', {
      state: () => ({ first: '', last: '' }),
      upcasts: [({ name }: { name: string }) => ({ first: name.split(' ')[0]!, last: name.split(' ')[1]! })],
      on: { call: (_person, _name: string) => {} },
    })
    const old = await run(
      pipeline('people', ({ use }) => use(Old)),
      { data },
    )
    await old.send(Old.call, 'p', 'Ann Bell')
    await old.stop()
    const now = await run(
      pipeline('people', ({ use }) => use(New)),
      { data },
    )
    expect(await now.get(New, 'p')).toEqual({ first: 'Ann', last: 'Bell' })
    for await (const [key, state] of now.scan(New)) expect([key, state]).toEqual(['p', { first: 'Ann', last: 'Bell' }])
    await now.stop()
  })
})
