import { compile } from '../../../api/compile.ts'
import { readStates } from '../../../api/run/states.ts'
import { openGroup } from '../../../api/run/store-calls.ts'
import { Account, bank } from '../../../examples/transfers/transfers.ts'
import { createCodec } from '../../../runtime/codec/codec.ts'
import { openLevelStore } from '../../../runtime/node/level/open-store.ts'
import type { LevelStore } from '../../../runtime/node/level/store.ts'
import { ByteReader } from '../../../runtime/base/bytes.ts'
import { Catalog } from '../../../runtime/shard/catalog.ts'
import { readMessageHead } from '../../../runtime/shard/lanes/message-bytes.ts'
import { type Recovered, recover } from '../../../runtime/shard/recover.ts'
import { EntityTable } from '../../../runtime/shard/row.ts'
import { Space } from '../../../runtime/shard/row-key.ts'
import { latin1 } from '../../../runtime/shard/latin1.ts'

const codec = createCodec()
const plan = compile(bank)

/** The money of a bank as of its last commit, read from the store alone: what is in accounts, and what is on its way to one. */
export async function committedMoney(data: string): Promise<{ inAccounts: number; onTheWay: number }> {
  const store = await openLevelStore({ path: data, durability: 'process' })
  try {
    const groups: Recovered[] = []
    for (let group = 0; group < store.groupCount; group++) {
      const opened = await openGroup(store, group)
      groups.push(recover(group, opened, (shard) => shard % store.groupCount === group))
    }
    return { inAccounts: await moneyInAccounts(store, groups), onTheWay: moneyOnTheWay(groups) }
  } finally {
    await store.close()
  }
}

async function moneyInAccounts(store: LevelStore, groups: readonly Recovered[]): Promise<number> {
  const id = Catalog.decode(groups[0]!.catalog).names('entity').indexOf('account')
  const index = plan.entities.findIndex(({ name }) => name === 'account')
  if (id < 0) return 0
  let money = 0
  for await (const [, state] of readStates(
    newestRows(store, groups),
    new EntityTable(index, plan.entities[index]!, id),
    codec,
  )) {
    money += (state as { balance: number }).balance
  }
  return money
}

/** Rows of entities: in the store, or in the commit records that are not written back yet. */
async function* newestRows(
  store: LevelStore,
  groups: readonly Recovered[],
): AsyncGenerator<readonly [Uint8Array, Uint8Array]> {
  const rows = new Map(groups.flatMap((group) => [...group.rows].map((row) => [latin1(row[0]), row])))
  for await (const [key, value] of store.scan(new Uint8Array([Space.entity]), new Uint8Array([Space.entity + 1]))) {
    if (!rows.has(latin1(key))) yield [key, value]
  }
  for (const [key, value] of rows.values()) if (key[0] === Space.entity && value !== undefined) yield [key, value]
}

function moneyOnTheWay(groups: readonly Recovered[]): number {
  const received = new Map<string, number>()
  for (const { lanesIn } of groups)
    for (const { from, to, position } of lanesIn.values()) received.set(`${from}/${to}`, position.number)
  const routes = Catalog.decode(groups[0]!.catalog).names('route')
  let money = 0
  for (const { from, to, number, buffer, start, end } of groups.flatMap(({ messages }) => messages)) {
    if (number <= (received.get(`${from}/${to}`) ?? 0)) continue
    const reader = new ByteReader(buffer, start, end)
    const { route } = readMessageHead(reader)
    if (routes[route] !== Account.deposit.name) throw new Error(`a message for ${routes[route]} is on its way`)
    money += (codec.decode(buffer, reader.at, end) as { amount: number }).amount
  }
  return money
}
