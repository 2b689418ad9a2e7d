import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { avro } from 'millrace/avro'
import { bind, deadLetters, json, pipeline, run, sink, source } from 'millrace'
import { file } from 'millrace/files'
import { protobuf } from 'millrace/protobuf'
import { afterEach, beforeEach, describe, expect } from 'vitest'
import { frames } from '../../examples/frames.ts'
import { avroLanguage } from '../../runtime/node/registry/avro.ts'
import { SubjectFormat } from '../../runtime/node/registry/subject-format.ts'
import { linesOf } from '../cli/support/command.ts'
import { test } from '../support/folder.ts'
import { SchemaRegistry } from '../support/schema-registry.ts'
import { type Order, spending } from '../support/spending.ts'

let registry: SchemaRegistry
beforeEach(async () => {
  registry = await SchemaRegistry.start()
})
afterEach(() => registry[Symbol.asyncDispose]())

const first = {
  type: 'record',
  name: 'Order',
  fields: [
    { name: 'customer', type: 'string' },
    { name: 'cents', type: 'int' },
  ],
}
const second = { ...first, fields: [...first.fields, { name: 'note', type: 'string', default: '' }] }

/** As another program writes it, which registers what it writes with. */
async function written(schema: object, ...orders: readonly Order[]): Promise<Uint8Array> {
  const options = { registry: { url: registry.url }, subject: 'orders-value', register: true }
  const format = new SubjectFormat(options, avroLanguage(JSON.stringify(schema)))
  await format.prepareWriting()
  return frames(orders.map((order) => format.encode({ note: 'none', ...order })))
}

/** A program of its own each time, as in a new process: it knows no schema yet. */
function spendingIn(folder: string, follow: boolean = false) {
  const orders = source(
    'orders',
    avro({ registry: { url: registry.url }, subject: 'orders-value', schema: first, shape: (raw) => raw as Order }),
  )
  const totals = sink(
    'totals',
    json((raw) => raw as Order),
  )
  return bind(spending(orders, totals), [
    orders.from(file(join(folder, 'orders.bin'), { framing: 'u32', follow })),
    totals.to(file(join(folder, 'totals'))),
    deadLetters.to(file(join(folder, 'letters'))),
  ])
}

const totalsIn = async (folder: string): Promise<Order[]> =>
  (await linesOf(join(folder, 'totals'))).map((line) => {
    const { customer, cents } = JSON.parse(line) as Order
    return { customer, cents }
  })

describe('a program whose records have schemas in a registry', () => {
  test('goes on in a new process, also when its schemas were taken out of use', async ({ folder }) => {
    const [input, options] = [join(folder, 'orders.bin'), { data: join(folder, 'data'), once: true }]
    await writeFile(input, await written(first, { customer: 'ann', cents: 5 }))
    await (await run(spendingIn(folder), options)).done
    await appendFile(input, await written(second, { customer: 'ann', cents: 1 }))
    registry.delete('orders-value')
    await (await run(spendingIn(folder), options)).done
    expect(await totalsIn(folder)).toEqual([
      { customer: 'ann', cents: 5 },
      { customer: 'ann', cents: 6 },
    ])
  })

  test('waits for a schema that it does not know, while the registry is away, and makes no dead letter of it', async ({
    folder,
  }) => {
    const input = join(folder, 'orders.bin')
    await writeFile(input, await written(first, { customer: 'ann', cents: 5 }))
    const running = await run(spendingIn(folder, true), { data: join(folder, 'data') })
    const next = await written(second, { customer: 'ann', cents: 1 }, { customer: 'bob', cents: 2 })
    registry.refusing = 503
    const before = registry.asked.length
    await appendFile(input, next)
    // It has asked, and asks again.
    await expect.poll(() => registry.asked.length, { timeout: 10_000 }).toBeGreaterThan(before + 2)
    expect(await totalsIn(folder)).toEqual([{ customer: 'ann', cents: 5 }])
    registry.refusing = undefined
    await expect
      .poll(() => totalsIn(folder), { timeout: 10_000 })
      .toEqual([
        { customer: 'ann', cents: 5 },
        { customer: 'ann', cents: 6 },
        { customer: 'bob', cents: 2 },
      ])
    await running.stop()
    expect(await linesOf(join(folder, 'letters'))).toEqual([])
  })

  test('stops when the registry refuses it, and goes on there when it does not any more', async ({ folder }) => {
    const [input, data] = [join(folder, 'orders.bin'), join(folder, 'data')]
    await writeFile(input, await written(first, { customer: 'ann', cents: 5 }))
    const running = await run(spendingIn(folder, true), { data })
    const next = await written(second, { customer: 'ann', cents: 1 })
    registry.refusing = 401
    await appendFile(input, next)
    await expect(running.done).rejects.toMatchObject({ code: 'MR_SOURCE_FAILED' })
    await expect(run(spendingIn(folder), { data, once: true })).rejects.toMatchObject({ code: 'MR_SOURCE_FAILED' })
    registry.refusing = undefined
    await (await run(spendingIn(folder), { data, once: true })).done
    expect(await totalsIn(folder)).toEqual([
      { customer: 'ann', cents: 5 },
      { customer: 'ann', cents: 6 },
    ])
    expect(await linesOf(join(folder, 'letters'))).toEqual([])
  })

  test('makes dead letters of bad records, and of nothing else', async ({ folder }) => {
    const good = await written(first, { customer: 'ann', cents: 5 })
    const bad = frames([new Uint8Array([0, 0, 0, 9, 9, 1]), new Uint8Array([7]), good.subarray(4, -1)])
    await writeFile(join(folder, 'orders.bin'), Buffer.concat([bad, good]))
    await (await run(spendingIn(folder), { data: join(folder, 'data'), once: true })).done
    const letters = (await linesOf(join(folder, 'letters'))).map((line) => JSON.parse(line) as { code: string })
    expect(letters.map(({ code }) => code)).toEqual(['MR_DECODE_FAILED', 'MR_DECODE_FAILED', 'MR_DECODE_FAILED'])
    expect(await totalsIn(folder)).toEqual([{ customer: 'ann', cents: 5 }])
  })

  test('writes with a schema that it registers, or finds', async ({ folder }) => {
    const schema = 'syntax = "proto3"; message Total { string customer = 1; int32 cents = 2; }'
    const orders = source(
      'orders',
      json((raw) => raw as Order),
    )
    const program = (register: boolean) => {
      const totals = sink(
        'totals',
        protobuf({
          registry: { url: registry.url },
          subject: 'totals-value',
          schema,
          message: 'Total',
          register,
          shape: (raw) => raw as Order,
        }),
      )
      const passing = pipeline('passing', ({ from }) => {
        from(orders).into(totals)
      })
      return bind(passing, [
        orders.from([{ customer: 'ann', cents: 5 }]),
        totals.to(file(join(folder, 'totals'), { framing: 'u32' })),
      ])
    }
    const options = { data: join(folder, 'data'), once: true }
    await expect(run(program(false), options)).rejects.toMatchObject({ code: 'MR_SINK_FAILED' })
    await (await run(program(true), options)).done
    await (await run(program(false), options)).done
    const id = registry.register('totals-value', { schema, schemaType: 'PROTOBUF' })
    const content = Buffer.from([0, 0, 0, 0, id, 0, 10, 3, 97, 110, 110, 16, 5])
    expect(await readFile(join(folder, 'totals'))).toEqual(Buffer.from(frames([content])))
  })
})

describe('what cannot be right is said when it is written', () => {
  test.for([
    [() => avro({ subject: '', shape: (raw) => raw }), 'has no subject'],
    [() => avro({ subject: 'a', registry: { url: 'nowhere' }, shape: (raw) => raw }), 'which is no address'],
    [() => avro({ subject: 'a', schema: { type: 'nothing' }, shape: (raw) => raw }), 'cannot be used'],
    [() => protobuf({ subject: 'a', schema: 'message A {}', shape: (raw) => raw }), 'but no message'],
    [() => protobuf({ subject: 'a', schema: 'message A {}', message: 'B', shape: (raw) => raw }), 'no message B'],
  ] as const)('%#', ([make, what]) => {
    expect(make).toThrow(
      expect.objectContaining({ code: 'MR_PROGRAM_INVALID', message: expect.stringContaining(what) as string }),
    )
  })
})
