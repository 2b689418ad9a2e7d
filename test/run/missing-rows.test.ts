import { bind, entity, json, pipeline, run, source } from 'millrace'
import { expect } from 'vitest'
import { test } from '../support/folder.ts'

const amounts = source(
  'amounts',
  json((raw) => raw as { amount: number }),
)
const Account = entity('account', {
  state: () => ({ sum: 0 }),
  activity: () => ({ sum: 0 }),
  on: {
    add(account, message: { amount: number }, ctx) {
      message.amount += 1
      ctx.activity('partner').sum += message.amount // read from the store the first time: the handler is run again then
      account.sum = ctx.activity('partner').sum
    },
  },
})
const program = pipeline('accounts', ({ from }) => {
  from(amounts)
    .keyBy(() => 'k')
    .to(Account.add)
})

test('a handler that is run again because a row was missing gets its message as it came', async ({ folder }) => {
  const running = await run(bind(program, [amounts.from([{ amount: 10 }])]), { data: folder, once: true })
  await running.done
  const again = await run(bind(program, [amounts.from([{ amount: 10 }])]), { data: folder })
  expect(await again.get(Account, 'k')).toEqual({ sum: 11 })
  await again.stop()
})
