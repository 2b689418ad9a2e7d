import { join } from 'node:path'
import { expect } from 'vitest'
import type { Follow } from '../../examples/follow/follows.ts'
import { isRetriable, KafkaFailure } from '../../runtime/node/kafka/failure.ts'
import { patiently } from '../../runtime/node/patiently.ts'
import { Command } from '../cli/support/command.ts'
import { example } from '../examples/support/millrace.ts'
import { test } from '../support/folder.ts'
import { append, contentOf, ledBy, type SeenRecord } from './support/topics.ts'
import { useBroker } from './support/use-broker.ts'

// Its topics have the names that the example gives them.
const outside = useBroker({ shared: false })
const partitions = 2
const applications = { feed: 'feeds', notifications: 'notifications', abuse: 'suspicions', analytics: 'hour-counts' }
type Application = keyof typeof applications

const people = 12

function change(i: number): Follow {
  return {
    kind: i % 7 === 6 ? 'unfollow' : 'follow',
    follower: `p${i % 3 === 0 ? 0 : (i * 5) % people}`,
    followee: `p${(i * 11 + (i >> 3)) % people}`,
    atMs: Date.UTC(2026, 0, 2) + i * 500,
  }
}

async function allOf(topic: string): Promise<SeenRecord[]> {
  const all: SeenRecord[] = []
  for (let partition = 0; partition < partitions; partition++)
    all.push(...(await contentOf(outside.client, topic, partition)))
  return all
}

const valuesOf = async <T>(topic: string): Promise<T[]> =>
  (await allOf(topic)).map(({ value }) => JSON.parse(value) as T)

/** The last value of each key. */
const latestOf = async (topic: string): Promise<Map<string, unknown>> =>
  new Map((await allOf(topic)).map(({ key, value }) => [key!, JSON.parse(value)]))

test('four applications of one topic: plugged in, stopped, killed and removed while the others go on', {
  timeout: 120_000,
}, async ({ folder }) => {
  const { client } = outside
  for (const topic of ['follows', ...Object.values(applications)]) {
    await client.createTopic(topic, partitions, {})
    await ledBy(client, topic, partitions)
  }
  const start = (name: Application, ...more: string[]): Command =>
    new Command(['run', example(`follow/${name}.ts`), '--data', join(folder, name), ...more], {
      environment: { KAFKA_BROKERS: outside.broker.address },
    })
  const follows: Follow[] = []
  const write = async (count: number): Promise<void> => {
    const list = Array.from({ length: count }, (_, i) => change(follows.length + i))
    follows.push(...list)
    // All in one partition, so that what is expected does not depend on the order of two.
    await append(
      client,
      'follows',
      0,
      list.map((each) => ({ key: each.follower, value: JSON.stringify(each) })),
    )
  }
  /** Until it has read everything: other tools see how far it is. */
  const readAll = async (name: Application, running: Command): Promise<void> => {
    const look = async (): Promise<void> => {
      const read = await client.committedOffsets(`millrace.${name}.follows`, 'follows', [0])
      if ((read.get(0) ?? 0) < follows.length) throw new KafkaFailure('NOT_YET', 'it reads', { retriable: true })
    }
    await running.during(patiently(60_000, isRetriable, look))
  }

  await write(120)
  const [feed, notifications] = [start('feed'), start('notifications')]
  await Promise.all([readAll('feed', feed), readAll('notifications', notifications)])
  // One is removed, one is killed, and one that nobody knew of comes.
  expect((await notifications.kill('SIGTERM')).code).toBe(0)
  expect((await feed.kill('SIGKILL')).signal).toBe('SIGKILL')
  const abuse = start('abuse')
  await write(120)
  await readAll('abuse', abuse)
  const feedAgain = start('feed')
  await write(120)
  await Promise.all([readAll('feed', feedAgain), readAll('abuse', abuse)])
  for (const each of [abuse, feedAgain]) expect((await each.kill('SIGTERM')).code).toBe(0)
  for (const name of Object.keys(applications) as Application[])
    expect(await start(name, '--once').exit).toMatchObject({ code: 0 })

  const following = new Map<string, Set<string>>()
  const told = new Set<string>()
  const hours = new Map<string, { hour: string; follows: number; unfollows: number }>()
  for (const { kind, follower, followee, atMs } of follows) {
    const list = following.get(follower) ?? new Set()
    if (kind === 'follow') list.add(followee)
    else list.delete(followee)
    if (kind === 'follow' || following.has(follower)) following.set(follower, list)
    if (kind === 'follow') told.add(`${followee} ${follower}`)
    const hour = new Date(atMs - (atMs % 3_600_000)).toISOString()
    const counts = hours.get(hour) ?? { hour, follows: 0, unfollows: 0 }
    counts[`${kind}s`] += 1
    hours.set(hour, counts)
  }
  expect(await latestOf('feeds')).toEqual(
    new Map([...following].map(([user, list]) => [user, { user, from: [...list] }])),
  )
  expect(await latestOf('hour-counts')).toEqual(hours)
  const notes = await valuesOf<{ user: string; follower: string }>('notifications')
  expect(notes.map(({ user, follower }) => `${user} ${follower}`).sort()).toEqual([...told].sort())
  const suspects = await valuesOf<{ user: string; follows: number; atMs: number }>('suspicions')
  expect(suspects.map(({ user }) => user)).toContain('p0')
  for (const { user, follows: count, atMs } of suspects) {
    const recent = follows.filter((each) => each.follower === user && each.kind === 'follow' && each.atMs <= atMs)
    expect([count > 20, recent.filter((each) => each.atMs > atMs - 60_000).length]).toEqual([true, count])
  }
  expect(new Set(suspects.map((each) => JSON.stringify(each))).size).toBe(suspects.length)
})
