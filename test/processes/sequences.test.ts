import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Event, Finding } from '../kafka/programs/sequences.ts'
import { append, contentOf, contentUntil, freshName, freshTopic } from '../kafka/support/topics.ts'
import { useBroker } from '../kafka/support/use-broker.ts'
import { eventually } from '../support/eventually.ts'
import { test } from '../support/folder.ts'
import { memberFile, type MemberTask } from './support/member.ts'

const outside = useBroker({ shared: true })
const keys = 20
const partitions = 4
const perRound = 40

/** A process, as the test that has started it sees it. */
class Member {
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown[]>
  #isWanted = true
  #stderr = ''
  isMember = false
  groups: readonly number[] = []

  constructor(task: MemberTask) {
    this.#child = fork(memberFile, [JSON.stringify(task)], { stdio: ['ignore', 'inherit', 'pipe', 'ipc'] })
    this.#child.stderr!.on('data', (chunk: Buffer) => (this.#stderr += chunk.toString()))
    this.#ended = once(this.#child, 'close')
    this.#child.on('message', (said) => {
      if (said === 'member') this.isMember = true
      else this.groups = said as number[]
    })
  }

  /** Throws if it has ended by itself. */
  check(): void {
    const { exitCode, signalCode } = this.#child
    if (this.#isWanted && (exitCode ?? signalCode) !== null)
      throw new Error(`a process ended by itself with ${exitCode ?? signalCode}:\n${this.#stderr}`)
  }

  async has(count: number): Promise<void> {
    await eventually(() => {
      this.check()
      return this.groups.length === count
    })
  }

  async kill(): Promise<void> {
    this.#isWanted = false
    this.#child.kill('SIGKILL')
    await this.#ended
  }

  async stop(): Promise<void> {
    this.#child.send('stop')
    const [code, signal] = await this.#ended
    if (code !== 0) throw new Error(`a process ended with ${code ?? signal}:\n${this.#stderr}`)
  }
}

test('sequences per key: the next minus the current is always 1, while processes of one application are killed and added', {
  timeout: 300_000,
}, async ({ folder }) => {
  const { client, brokers } = outside
  const [events, findings] = [await freshTopic(client, partitions), await freshTopic(client)]
  const task = { application: freshName('sequences'), brokers, groupCount: 4, events, findings }
  let started = 0
  const start = (): Member => new Member({ ...task, data: join(folder, `data-${++started}`) })
  let members = [start(), start()]
  for (const member of members) await member.has(2)
  let round = 0
  const feed = async (): Promise<void> => {
    for (let partition = 0; partition < partitions; partition++) {
      const records: { key: string; value: string }[] = []
      for (let i = 0; i < keys * perRound; i++) {
        const event: Event = { key: `key ${i % keys}`, sequence: round * perRound + Math.floor(i / keys) + 1 }
        if (i % partitions === partition) records.push({ key: event.key, value: JSON.stringify(event) })
      }
      await append(client, events, partition, records)
    }
    round += 1
  }
  /** In the middle of what there is to do. */
  const working = async (): Promise<void> => {
    const before = (await client.offsets(findings, [0], 'stable')).get(0)!
    await feed()
    await contentUntil(client, findings, 0, (_, next) => next > before + 200, before)
    for (const member of members) member.check()
  }
  await working()
  await members[0]!.kill()
  members = [members[1]!]
  await members[0]!.has(4)
  await working()
  members.push(start())
  await members[1]!.has(2)
  await working()
  await members[0]!.kill()
  members = [members[1]!, start()]
  for (const member of members) await member.has(2)
  await working()
  const total = 3 * keys * perRound * round
  const seen = (): Promise<number> => contentOf(client, findings, 0).then(({ length }) => length)
  await eventually(async () => {
    for (const member of members) member.check()
    return (await seen()) >= total
  })
  for (const member of members) await member.stop()
  const lasts = new Map<string, number>()
  for (const { value } of await contentOf(client, findings, 0)) {
    const finding = JSON.parse(value) as Finding
    if (finding.kind === 'gap') throw new Error(`a gap: ${value}`)
    const place = `${finding.where} ${finding.key}`
    expect([place, finding.sequence - (lasts.get(place) ?? 0)]).toEqual([place, 1])
    lasts.set(place, finding.sequence)
  }
  expect(new Set(lasts.values())).toEqual(new Set([round * perRound]))
  expect(lasts.size).toBe(3 * keys)
})
