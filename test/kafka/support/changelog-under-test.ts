import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ChangelogStore, type ChangelogStoreParts } from '../../../runtime/changelog/changelog-store.ts'
import { KafkaLog } from '../../../runtime/node/kafka/changelog/kafka-log.ts'
import { prepareChangelogTopic } from '../../../runtime/node/kafka/changelog/prepare-topic.ts'
import type { KafkaClient } from '../../../runtime/node/kafka/client.ts'
import { openLevelStore } from '../../../runtime/node/level/open-store.ts'
import type { LevelStore } from '../../../runtime/node/level/store.ts'
import type { Log } from '../../../runtime/ports/log.ts'
import { freshName, ledBy } from './topics.ts'

export const patienceMs = 60_000

export async function freshChangelog(client: KafkaClient, groupCount: number): Promise<string> {
  const topic = freshName('changelog')
  await prepareChangelogTopic(client, { topic, groupCount, inSyncReplicas: 1, patienceMs })
  await ledBy(client, topic, groupCount)
  return topic
}

/** A machine with a disk, and at most one process on it. */
export class LevelMachine {
  readonly path: string
  #copies: LevelStore | undefined
  #lives = 0

  private constructor(path: string) {
    this.path = path
  }

  static async make(): Promise<LevelMachine> {
    return new LevelMachine(await mkdtemp(join(tmpdir(), 'millrace-copies-')))
  }

  async start(log: Log, options: Partial<ChangelogStoreParts> = {}): Promise<ChangelogStore> {
    this.#copies = await openLevelStore({ path: this.path, durability: 'process' })
    this.#lives += 1
    const incarnation = `${this.path}.${this.#lives}`
    return new ChangelogStore({
      log,
      copies: this.#copies,
      owner: { incarnation, address: `${incarnation}:1`, version: 1 },
      division: { shardCount: 128, groupCount: 10 },
      shortenBeyondBytes: 256 << 20,
      ...options,
    })
  }

  async stop(): Promise<void> {
    await this.#copies?.close()
    this.#copies = undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await rm(this.path, { recursive: true, force: true })
  }
}

/** The log of one process. */
export function kafkaLog(client: KafkaClient, topic: string): KafkaLog {
  return new KafkaLog({ client, topic, patienceMs })
}
