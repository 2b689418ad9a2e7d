import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { Command } from '../cli/support/command.ts'
import { test } from '../support/folder.ts'
import type { Event, Finding } from './programs/sequences.ts'
import { append, contentOf, contentUntil, freshTopic } from './support/topics.ts'
import { useBroker } from './support/use-broker.ts'

const outside = useBroker({ shared: true })
const program = fileURLToPath(new URL('./programs/sequences.ts', import.meta.url))

const keys = 40
const partitions = 2
const kills = 8
/** Of each key, before each kill. */
const perRound = 60

test('sequences per key: the next minus the current is always 1, in every place, while the process is killed', {
  timeout: 300_000,
}, async ({ folder }) => {
  const { client, brokers } = outside
  const [events, findings] = [await freshTopic(client, partitions), await freshTopic(client)]
  const args = ['run', program, '--in', `events=kafka://${brokers[0]}/${events}`, '--data', join(folder, 'data')]
  args.push('--out', `findings=kafka://${brokers[0]}/${findings}`)
  for (let kill = 0; kill < kills; kill++) {
    const running = new Command(args)
    const before = (await client.offsets(findings, [0], 'stable')).get(0)!
    for (let partition = 0; partition < partitions; partition++) {
      const records: { key: string; value: string }[] = []
      for (let i = 0; i < keys * perRound; i++) {
        const event: Event = { key: `key ${i % keys}`, sequence: kill * perRound + Math.floor(i / keys) + 1 }
        if (i % partitions === partition) records.push({ key: event.key, value: JSON.stringify(event) })
      }
      await append(client, events, partition, records)
    }
    // In the middle of what it has to do.
    await running.during(contentUntil(client, findings, 0, (_, next) => next > before + kill * 500, before))
    expect((await running.kill('SIGKILL')).signal).toBe('SIGKILL')
  }
  expect(await new Command([...args, '--once']).exit).toMatchObject({ code: 0 })
  const lasts = new Map<string, number>()
  for (const { value } of await contentOf(client, findings, 0)) {
    const finding = JSON.parse(value) as Finding
    if (finding.kind === 'gap') throw new Error(`a gap: ${value}`)
    const place = `${finding.where} ${finding.key}`
    expect([place, finding.sequence - (lasts.get(place) ?? 0)]).toEqual([place, 1])
    lasts.set(place, finding.sequence)
  }
  expect(new Set(lasts.values())).toEqual(new Set([kills * perRound]))
  expect(lasts.size).toBe(3 * keys)
})
