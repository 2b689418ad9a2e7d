import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { MillraceError, messageOf } from '../../../runtime/base/errors.ts'
import type { Division } from '../../../runtime/changelog/local-copy.ts'
import { KafkaLog } from '../../../runtime/node/kafka/changelog/kafka-log.ts'
import { prepareChangelogTopic } from '../../../runtime/node/kafka/changelog/prepare-topic.ts'
import type { KafkaClient } from '../../../runtime/node/kafka/client.ts'
import { type KafkaConnection, openKafkaClient } from '../../../runtime/node/kafka/cluster/open-client.ts'
import { Membership } from '../../../runtime/node/kafka/membership/membership.ts'
import { ProcessLinks } from '../../../runtime/node/grpc/process-links.ts'
import { openLevelStore } from '../../../runtime/node/level/open-store.ts'
import type { LevelStore } from '../../../runtime/node/level/store.ts'
import type { CompleteProgram } from '../../complete-bindings.ts'
import { keepObjectsYoung } from '../keep-objects-young.ts'
import { prepareFormats } from '../open-ends.ts'
import { Outcome } from '../outcome.ts'
import { ClaimDirectory, ownerName } from './claim-directory.ts'
import { GroupHere, type GroupHereParts } from './group-here.ts'

export interface ApplicationOptions {
  /** Names the application: its consumer group, and its changelog. */
  readonly application: string
  /** Where its changelog and its consumer group are. */
  readonly kafka: KafkaConnection
  readonly division: Division
  /** Of how many replicas a commit must be durable. */
  readonly inSyncReplicas: number
  /** The folder for copies. */
  readonly data: string
  /** Where other processes reach this one. */
  readonly host: string
  /** Of the program. */
  readonly version: number
  /** A process that was not heard of for so long is given up, and others take its groups over. */
  readonly silenceMs: number
  /** Told which groups run here, whenever that changes. */
  readonly changed: (groups: readonly number[]) => void
  /** Told of another process with which nothing is exchanged, such as one with another version of the program. */
  readonly notice: (text: string) => void
}

const patienceMs = 120_000
/** Before a group is opened again that somebody else has claimed although it is this process's: the other one may not know yet. */
const againMs = 500
/** So often in a row it is no accident; what ran for so long between is not in a row. */
const maxStrikes = 20
const calmMs = 60_000
/** What an owner meets that was succeeded, or that meets one: the next opening begins with what is durable. */
const passing: ReadonlySet<string> = new Set(['MR_FENCED', 'MR_LANE_DIVERGED', 'MR_SINK_DIVERGED'])

interface ProcessParts extends Omit<GroupHereParts, 'group' | 'log'> {
  readonly topic: string
  readonly client: KafkaClient
  readonly copies: LevelStore
  readonly changed: (groups: readonly number[]) => void
}

/**
 * One process of an application that several run. The consumer group says which commit groups it should run; the changelog decides which it does
 * run, and says where the others are.
 *
 * A1 A group that is assigned is opened, which claims it; one that is assigned elsewhere is left as soon as what was read is done. Nobody waits
 *    for whoever had it before.
 * A2 A group that was claimed by another process is opened again as long as it is assigned here. Any other error ends the process.
 */
export class ApplicationProcess {
  readonly #parts: ProcessParts
  readonly #ending = new Outcome()
  #membership: Membership | undefined
  #wanted: ReadonlySet<number> = new Set()
  /** Undefined: being opened. */
  readonly #here = new Map<number, GroupHere | undefined>()
  readonly #runs = new Set<Promise<void>>()
  readonly #strikes = new Map<number, number>()
  #openings = 0
  #isStopping = false

  /** Resolves when it is a member. Throws what is wrong with the topic or the folder. `complete`: with topics only. */
  static async start(complete: CompleteProgram, options: ApplicationOptions): Promise<ApplicationProcess> {
    keepObjectsYoung()
    const { application, kafka, division, inSyncReplicas, host, data, version, silenceMs, changed, notice } = options
    const topic = changelogOf(application)
    const client = openKafkaClient(kafka)
    const opened: { close(): unknown }[] = [client]
    try {
      await prepareChangelogTopic(client, { topic, groupCount: division.groupCount, inSyncReplicas, patienceMs })
      await prepareFormats(complete)
      // What a power cut takes from a copy is in the log.
      const copies = await openLevelStore({ path: data, ...division, durability: 'process' })
      opened.unshift(copies)
      const directory = new ClaimDirectory(new KafkaLog({ client, topic, patienceMs }))
      const incarnation = randomUUID()
      const { shardCount } = division
      const links = await ProcessLinks.listen({
        identity: { application, data: topic, shardCount, program: String(version), incarnation },
        host,
        port: 0,
        placeOf: (group) => directory.placeOf(group),
        refused: ({ message }) => notice(message),
      })
      opened.unshift(links)
      const owner = { incarnation, address: `${host}:${links.port}`, version }
      const parts = { complete, topic, division, client, copies, links, owner, changed }
      const process = new ApplicationProcess(parts)
      process.#membership = await Membership.join({
        kafka,
        group: `millrace.${application}`,
        topic,
        silenceMs,
        assigned: (groups) => process.#assigned(groups),
        lost: (error) => void process.#end(error),
      })
      return process
    } catch (error) {
      for (const one of opened) await one.close()
      throw error
    }
  }

  private constructor(parts: ProcessParts) {
    this.#parts = parts
  }

  /** Settles when it has ended: with an error, unless it was stopped. */
  get done(): Promise<void> {
    return this.#ending.promise
  }

  /** Leaves the application: what was read is finished, and others take its groups over. */
  async stop(): Promise<void> {
    await this.#end(undefined)
    await this.done
  }

  #assigned(groups: readonly number[]): void {
    this.#wanted = new Set(groups)
    this.#adjust()
  }

  /** A1. */
  #adjust(): void {
    if (this.#isStopping) return
    for (const [group, here] of this.#here) if (!this.#wanted.has(group)) here?.leave()
    for (const group of this.#wanted) if (!this.#here.has(group)) this.#begin(group)
  }

  #begin(group: number): void {
    this.#here.set(group, undefined)
    this.#changed()
    const run = this.#run(group).finally(() => this.#runs.delete(run))
    this.#runs.add(run)
  }

  async #run(group: number): Promise<void> {
    const beganMs = performance.now()
    const error = await this.#runToEnd(group)
    this.#here.delete(group)
    if (performance.now() - beganMs > calmMs) this.#strikes.delete(group)
    if (error !== undefined && !this.#isPassing(group, error)) void this.#end(error)
    if (error !== undefined) await sleep(againMs)
    this.#adjust()
    if (!this.#here.has(group)) this.#changed()
  }

  /** What has ended it. Undefined: it was left. */
  async #runToEnd(group: number): Promise<Error | undefined> {
    const { complete, division, topic, client, copies, links, owner } = this.#parts
    this.#openings += 1
    const incarnation = ownerName(owner.incarnation, group, this.#openings)
    try {
      // A log of its own: one that waits for its producer holds up nobody else.
      const log = new KafkaLog({ client, topic, patienceMs })
      const parts = { group, complete, division, log, copies, links, owner: { ...owner, incarnation } }
      const here = await GroupHere.open(parts)
      this.#here.set(group, here)
      if (this.#isStopping || !this.#wanted.has(group)) here.leave()
      return await here.done
    } catch (error) {
      return error instanceof Error ? error : new Error(messageOf(error))
    }
  }

  #changed(): void {
    this.#parts.changed([...this.#here.keys()].toSorted((a, b) => a - b))
  }

  /** A2. */
  #isPassing(group: number, error: Error): boolean {
    if (!(error instanceof MillraceError) || !passing.has(error.code)) return false
    const strikes = (this.#strikes.get(group) ?? 0) + 1
    this.#strikes.set(group, strikes)
    return strikes < maxStrikes
  }

  async #end(cause: Error | undefined): Promise<void> {
    if (this.#isStopping) return
    this.#isStopping = true
    for (const here of this.#here.values()) here?.leave()
    try {
      await this.#close()
      this.#ending.settle(cause)
    } catch (error) {
      this.#ending.settle(cause ?? error)
    }
  }

  /** The others take over, what was read here is finished, and nothing stays open. */
  async #close(): Promise<void> {
    const { client, copies, links } = this.#parts
    await this.#membership?.leave()
    await Promise.all(this.#runs)
    links.close()
    await copies.close()
    await client.close()
  }
}

function changelogOf(application: string): string {
  return `${application}.millrace-changelog`
}
