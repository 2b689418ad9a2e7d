import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { ClaimDirectory } from '../../api/run/processes/claim-directory.ts'
import { defaultShardCount } from '../../runtime/base/limits.ts'
import { ChangelogStore } from '../../runtime/changelog/changelog-store.ts'
import { KafkaLog } from '../../runtime/node/kafka/changelog/kafka-log.ts'
import { openLevelStore } from '../../runtime/node/level/open-store.ts'
import { openGroup } from '../../runtime/ports/contracts/store-calls.ts'
import type { Event, Finding } from '../kafka/programs/sequences.ts'
import { append, contentOf, contentUntil, freshName, freshTopic } from '../kafka/support/topics.ts'
import { useBroker } from '../kafka/support/use-broker.ts'
import { eventually } from '../support/eventually.ts'
import { test } from '../support/folder.ts'
import { Member } from './support/member.ts'

const outside = useBroker({ shared: true })
const keys = 20
const partitions = 4
const perRound = 40
const program = fileURLToPath(new URL('../kafka/programs/sequences.ts', import.meta.url))
const groups = 4
const long = { timeout: 300_000 }

/** An application of several processes that follow sequences, and what is asked of its output. */
class Application {
  members: Member[] = []
  readonly name: string = freshName('sequences')
  readonly #events: string
  readonly #findings: string
  readonly #folder: string
  #started = 0
  #rounds = 0

  static async make(folder: string): Promise<Application> {
    const { client } = outside
    return new Application(folder, await freshTopic(client, partitions), await freshTopic(client))
  }

  private constructor(folder: string, events: string, findings: string) {
    this.#folder = folder
    this.#events = events
    this.#findings = findings
  }

  get changelog(): string {
    return `${this.name}.millrace-changelog`
  }

  /** Of two processes, which share its groups. */
  static async ofTwo(folder: string): Promise<{ app: Application; first: Member; second: Member }> {
    const app = await Application.make(folder)
    const [first, second] = [app.start(), app.start()]
    await app.shared(first, second)
    return { app, first, second }
  }

  start(revision: number = 1, silenceMs: number = 6_000): Member {
    const uri = (topic: string): string => `kafka://${outside.brokers[0]}/${topic}`
    const ends = ['--in', `events=${uri(this.#events)}`, '--out', `findings=${uri(this.#findings)}`]
    const own = ['--data', join(this.#folder, `data-${++this.#started}`), '--silence-ms', `${silenceMs}`]
    const member = new Member([
      program,
      '--application',
      this.name,
      '--groups',
      `${groups}`,
      '--revision',
      `${revision}`,
      ...ends,
      ...own,
    ])
    this.members.push(member)
    return member
  }

  /** Resolves when the groups are shared by those that are left. */
  async shared(...members: readonly Member[]): Promise<void> {
    for (const member of members) await member.has(groups / members.length)
  }

  async kill(member: Member): Promise<void> {
    this.#forget(member)
    await member.kill()
  }

  async stop(member: Member): Promise<void> {
    this.#forget(member)
    await member.stop()
  }

  #forget(member: Member): void {
    this.members = this.members.filter((other) => other !== member)
  }

  /** Resolves in the middle of what there is to do. */
  async work(): Promise<void> {
    const findings = this.#findings
    const before = (await outside.client.offsets(findings, [0], 'stable')).get(0)!
    await this.#feed()
    await contentUntil(outside.client, findings, 0, (_, next) => next > before + 200, before)
    for (const member of this.members) member.check()
  }

  /** Resolves when all is done, and every process has left. Throws if anything is missing, double, or not in its order. */
  async finish(): Promise<void> {
    const total = 3 * keys * perRound * this.#rounds
    await eventually(async () => {
      for (const member of this.members) member.check()
      return (await this.#found()).length >= total
    })
    for (const member of this.members) await member.stop()
    const lasts = new Map<string, number>()
    for (const finding of await this.#found()) {
      if (finding.kind === 'gap') throw new Error(`a gap: ${JSON.stringify(finding)}`)
      const place = `${finding.where} ${finding.key}`
      expect([place, finding.sequence - (lasts.get(place) ?? 0)]).toEqual([place, 1])
      lasts.set(place, finding.sequence)
    }
    expect(new Set(lasts.values())).toEqual(new Set([this.#rounds * perRound]))
    expect(lasts.size).toBe(3 * keys)
  }

  async #found(): Promise<Finding[]> {
    const content = await contentOf(outside.client, this.#findings, 0)
    return content.map(({ value }) => JSON.parse(value) as Finding)
  }

  async #feed(): Promise<void> {
    for (let partition = 0; partition < partitions; partition++) {
      const records: { key: string; value: string }[] = []
      for (let i = 0; i < keys * perRound; i++) {
        const event: Event = { key: `key ${i % keys}`, sequence: this.#rounds * perRound + Math.floor(i / keys) + 1 }
        if (i % partitions === partition) records.push({ key: event.key, value: JSON.stringify(event) })
      }
      await append(outside.client, this.#events, partition, records)
    }
    this.#rounds += 1
  }
}

test('the next minus the current is always 1, while processes are killed and added', long, async ({ folder }) => {
  const { app, first, second } = await Application.ofTwo(folder)
  await app.work()
  await app.kill(first)
  await app.shared(second)
  await app.work()
  app.start()
  await app.shared(...app.members)
  await app.work()
  await app.kill(second)
  app.start()
  await app.shared(...app.members)
  await app.work()
  await app.finish()
})

test('a newer revision takes over; an older one is refused from then on', long, async ({ folder }) => {
  const app = await Application.make(folder)
  const old = app.start(1)
  await app.shared(old)
  await app.work()
  const next = app.start(2)
  await app.shared(old, next)
  await app.stop(old)
  await app.shared(next)
  await app.work()
  await app.finish()
  expect(await app.start(1).end).toMatchObject({ code: 1, stderr: expect.stringContaining('MR_PROGRAM_') as string })
})

test('a silence that brokers do not allow is told', long, async ({ folder }) => {
  const app = await Application.make(folder)
  const member = app.start(1, 5)
  expect(await member.end).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('MR_MEMBERSHIP_LOST') as string,
  })
})

test(
  'a process that stood still while it was succeeded commits nothing, and is a member again',
  long,
  async ({ folder }) => {
    const { app, first, second } = await Application.ofTwo(folder)
    await app.work()
    first.halt()
    await app.shared(second)
    await app.work()
    first.goOn()
    await app.shared(first, second)
    await app.work()
    await app.finish()
  },
)

test(
  'a group with nothing to do that was opened elsewhere comes back to where it is assigned',
  long,
  async ({ folder }) => {
    const app = await Application.make(folder)
    app.start()
    const [member] = app.members as [Member]
    await app.shared(member)
    const { client } = outside
    const log = new KafkaLog({ client, topic: app.changelog, patienceMs: 10_000 })
    const directory = new ClaimDirectory(log)
    await eventually(() => directory.placeOf(0) !== undefined)
    const before = directory.placeOf(0)!
    const elsewhere = { incarnation: 'elsewhere/0/1', address: '127.0.0.1:1', version: 1 }
    const division = { shardCount: defaultShardCount, groupCount: groups }
    const copies = await openLevelStore({ path: join(folder, 'elsewhere'), ...division, durability: 'process' })
    const store = new ChangelogStore({ log, copies, owner: elsewhere, division, shortenBeyondBytes: 1 << 20 })
    await openGroup(store, 0)
    await copies.close()
    await eventually(() => directory.placeOf(0)!.address === elsewhere.address)
    await eventually(() => directory.placeOf(0)!.incarnation === before.incarnation)
    await app.work()
    await app.finish()
  },
)
