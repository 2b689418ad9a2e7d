import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { patiently } from '../../runtime/node/patiently.ts'
import { partitionOf } from '../../runtime/node/kafka/wire/murmur2.ts'
import { Command } from '../cli/support/command.ts'
import type { Event, Total } from './programs/totals.ts'
import { checkHistory, type Operation } from './support/check-history.ts'
import { checkTotals } from './support/check-totals.ts'
import { checkEnded, isLeftOpen } from './support/left-open.ts'
import { batchOf, contentOf, fetchFrom, freshTopic, recordsOf } from './support/topics.ts'
import { useBroker } from './support/use-broker.ts'

const outside = useBroker({ shared: false })
const program = fileURLToPath(new URL('./programs/totals.ts', import.meta.url))

/** More of both: MILLRACE_KAFKA_KILLS=50,5 */
const [applicationKills = 12, brokerKills = 2] = (process.env['MILLRACE_KAFKA_KILLS'] ?? '12,2').split(',').map(Number)
const partitions = 3
const keys = 200
/** How many events may be there that the application has not handled: or it would have far to go after the last kill. */
const backlog = 6_000

/** Writes events, and nothing twice, until it is told to stop, but not far ahead. Answers with what it wrote. */
async function writeEvents(topic: string, totals: Watcher, signal: AbortSignal): Promise<Event[]> {
  const { client } = outside
  const transactionalId = `writer.${topic}`
  const producer = client.producer({ transactionalId, transactionTimeoutMs: 60_000 })
  const written: Event[] = []
  const encoder = new TextEncoder()
  let isOpen = false
  let pending: Event[] = []
  for (let round = 0; !signal.aborted; round++) {
    if (pending.length === 0)
      pending = Array.from({ length: 300 }, (_, i) => ({
        key: `key ${(round * 31 + i * 17) % keys}`,
        value: (round * 7 + i * 13) % 1_000,
      }))
    const byPartition = Array.from({ length: partitions }, () => [] as { key: string; value: string }[])
    for (const event of pending) {
      const key = encoder.encode(event.key)
      byPartition[partitionOf(key, 0, key.length, partitions)]!.push({ key: event.key, value: JSON.stringify(event) })
    }
    const before = written.length
    try {
      if (!isOpen) await producer.open()
      isOpen = true
      await producer.send(byPartition.map((records, partition) => batchOf(topic, partition, records)))
      await producer.commit()
    } catch {
      // The broker is being killed. What became of the transaction is seen by what is there.
      isOpen = false
      const isWritten = await patiently(
        120_000,
        (error) => !isLeftOpen(error),
        async () => {
          await checkEnded(client, transactionalId, { [topic]: partitions })
          await producer.open()
          const counts = await Promise.all(byPartition.map((_, p) => contentOf(client, topic, p)))
          return counts.reduce((sum, { length }) => sum + length, 0) > before
        },
      )
      isOpen = true
      if (!isWritten) continue
    }
    written.push(...pending)
    pending = []
    await totals.grownTo(written.length - backlog, signal)
  }
  return written
}

/** Reads what is committed as it comes, and keeps what it saw, as it saw it. */
class Watcher {
  readonly history: Operation[] = []
  /** How many records it saw. */
  seen = 0
  readonly #topic: string
  readonly #nexts = new Map(Array.from({ length: partitions }, (_, partition) => [partition, 0]))
  readonly #told = new Set<() => void>()

  constructor(topic: string) {
    this.#topic = topic
  }

  /** Until everything is read that is there when it is told to stop. */
  async run(signal: AbortSignal): Promise<void> {
    // The broker is killed now and then.
    while (!signal.aborted)
      await patiently(
        60_000,
        () => !signal.aborted,
        () => this.#look(500),
      )
    const ends = await outside.client.offsets(this.#topic, [...this.#nexts.keys()], 'high')
    while ([...ends].some(([partition, end]) => this.#nexts.get(partition)! < end)) await this.#look(10_000)
  }

  /** Resolves before if nobody wants to know any more. Rejects when nothing comes for a minute. */
  async grownTo(count: number, unwanted?: AbortSignal): Promise<void> {
    while (this.seen < count) {
      if (unwanted?.aborted === true) return
      const giveUp = AbortSignal.timeout(60_000)
      await new Promise<void>((resolve, reject) => {
        this.#told.add(resolve)
        unwanted?.addEventListener('abort', () => resolve(), { once: true })
        giveUp.addEventListener('abort', () => reject(new Error(`it does not go on behind record ${this.seen}`)))
      })
    }
  }

  async #look(maxWaitMs: number): Promise<void> {
    const fetched = await fetchFrom(outside.client, this.#topic, this.#nexts, 'read_committed', maxWaitMs)
    for (const each of fetched) {
      const polls = recordsOf(each).map(({ offset, value }) => ({ key: String(each.partition), offset, value }))
      this.#nexts.set(each.partition, each.next)
      if (polls.length === 0) continue
      this.history.push({ process: 1, outcome: 'ok', sends: [], polls })
      this.seen += polls.length
      for (const tell of this.#told) tell()
      this.#told.clear()
    }
  }
}

/** One history. Rejects with a TransactionLeftOpen if the broker has spoilt it. */
async function runAndCheck(): Promise<void> {
  const { client } = outside
  const [events, totals] = [await freshTopic(client, partitions), await freshTopic(client, partitions)]
  const folder = await mkdtemp(join(tmpdir(), 'millrace-kafka-app-'))
  const [writing, watching] = [new AbortController(), new AbortController()]
  const checkBroker = async (): Promise<void> => {
    await checkEnded(client, `writer.${events}`, { [events]: partitions })
    const places = { [totals]: partitions, [`${totals}.millrace-positions`]: 1 }
    await checkEnded(client, `millrace.totals.totals.${totals}`, places)
  }
  const watcher = new Watcher(totals)
  const watched = watcher.run(watching.signal)
  watched.catch(() => {}) // it is awaited below
  const writer = writeEvents(events, watcher, writing.signal)
  writer.catch(() => {}) // it is awaited below
  /** Rejects when the application ends before, or does not go on. */
  const grown = async (count: number, application: Command): Promise<void> => {
    try {
      await application.during(watcher.grownTo(count))
    } catch (error) {
      await application.kill('SIGKILL')
      writing.abort()
      watching.abort()
      await checkBroker()
      throw error
    }
  }
  const uri = (topic: string): string => `kafka://${outside.broker.address}/${topic}`
  const args = ['run', program, '--in', `events=${uri(events)}`, '--out', `totals=${uri(totals)}`, '--data', folder]
  const brokerTurns = new Set(
    Array.from({ length: brokerKills }, (_, i) => Math.floor(((i + 1) * applicationKills) / (brokerKills + 1))),
  )
  for (let kill = 0; kill < applicationKills; kill++) {
    // Another number of workers at every start: what one number has begun, another goes on with.
    const application = new Command([...args, '--workers', String(1 + (kill % 3))])
    const before = watcher.seen
    const growth = kill % 4 === 3 ? 0 : (kill % 5) * 400
    // Sometimes it has done much, sometimes it is killed while it opens: at any moment, so there is nothing to wait for.
    if (growth === 0) await sleep(200 + (kill % 7) * 100)
    else await grown(before + growth, application)
    if (brokerTurns.has(kill)) {
      await outside.broker.kill()
      // Who lives through it goes on by itself.
      await outside.broker.restart()
      await grown(watcher.seen + 1, application)
    }
    expect((await application.kill('SIGKILL')).signal).toBe('SIGKILL')
  }
  writing.abort()
  const input = await writer
  const last = await new Command([...args, '--workers', '2', '--once']).exit
  if (last.code !== 0) await checkBroker()
  expect(last).toMatchObject({ code: 0 })
  watching.abort()
  await watched
  const { history } = watcher
  const output: Total[] = []
  for (let partition = 0; partition < partitions; partition++) {
    const content = await contentOf(client, totals, partition)
    for (const { value } of content) output.push(JSON.parse(value) as Total)
    const polls = content.map(({ offset, value }) => ({ key: String(partition), offset, value }))
    history.push({ process: 2, outcome: 'ok', sends: [], polls })
  }
  console.log(`${input.length} events, ${applicationKills} kills of the application, ${brokerKills} of the broker`)
  expect(checkTotals(input, output)).toEqual([])
  // Who read along saw the same, in the same places, and nothing that was taken back.
  expect(checkHistory(history)).toEqual([])
  const seen = (process: number): number =>
    history.reduce((sum, each) => sum + (each.process === process ? each.polls.length : 0), 0)
  expect(seen(1)).toBe(seen(2))
  await rm(folder, { recursive: true })
}

test('running figures of every key, while the application and the broker are killed: nothing twice, nothing missing', {
  timeout: 600_000,
}, async () => {
  for (let attempt = 1; ; attempt++) {
    try {
      await runAndCheck()
      return
    } catch (error) {
      if (!isLeftOpen(error) || attempt === 3) throw error
      console.log(`The broker has left a transaction open (${String(error)}): once more, with other topics`)
    }
  }
})
