import { createCodec } from '../../../runtime/codec/codec.ts'
import type { LevelStore } from '../../../runtime/node/level/store.ts'
import { Catalog } from '../../../runtime/shard/catalog.ts'
import type { Plan } from '../../../runtime/shard/plan.ts'
import { EntityTable } from '../../../runtime/shard/row.ts'
import { catalogKey } from '../../../runtime/shard/row-key.ts'
import { type Asked, LiveProgram } from '../live-program.ts'
import type { MeteredSink } from '../metered-sink.ts'
import type { RunStats } from '../running.ts'
import type { Rows } from '../states.ts'
import { readRow } from '../store-calls.ts'
import { Crew, type CrewParts } from './crew.ts'
import type { Member } from './member.ts'

/** A program on several worker threads. */
export class ThreadedProgram extends LiveProgram {
  readonly crew: Crew
  readonly #store: LevelStore
  readonly #sinks: readonly MeteredSink[]
  readonly done: Promise<void>

  constructor(plan: Plan, parts: CrewParts) {
    super(plan, createCodec(), parts.store.shardCount)
    this.#store = parts.store
    this.#sinks = parts.sinks
    this.crew = new Crew(parts)
    this.done = this.crew.done.finally(() => this.onClosed?.())
    this.done.catch(() => {}) // it is for whoever runs the program to look at, and may be looked at late
  }

  get opened(): Promise<void> {
    return this.crew.opened
  }

  stop(): Promise<void> {
    this.crew.drain()
    return this.done
  }

  stats(): RunStats {
    const { deadLetterSink } = this.plan
    const { deadLetters, ...counts } = this.crew.counts
    let written = 0
    this.#sinks.forEach((sink, i) => (written += i === deadLetterSink ? 0 : sink.written))
    return {
      ...counts,
      written,
      deadLetters: deadLetterSink === undefined ? deadLetters : this.#sinks[deadLetterSink]!.written,
    }
  }

  protected async asked(shard: number, asked: Asked): Promise<unknown> {
    return this.#decode(await this.crew.member(shard).want({ kind: 'ask', ...asked }))
  }

  protected async stateOf(shard: number, entity: number, key: string): Promise<unknown> {
    return this.#decode(await this.crew.member(shard).want({ kind: 'get', entity, key }))
  }

  protected rows(from: Uint8Array, to: Uint8Array): Promise<Rows> {
    return Promise.resolve(rowsOf(this.crew.members, from, to))
  }

  protected async table(entity: number): Promise<EntityTable> {
    const catalog = Catalog.decode(await readRow(this.#store, catalogKey))
    const plan = this.plan.entities[entity]!
    return new EntityTable(entity, plan, catalog.number('entity', plan.name))
  }

  #decode(bytes: Uint8Array | undefined): unknown {
    return bytes && this.codec.decode(bytes, 0, bytes.length)
  }
}

async function* rowsOf(members: readonly Member[], from: Uint8Array, to: Uint8Array): Rows {
  const readers = members.map((member) => member.open(from, to))
  try {
    for (const reader of readers)
      for (let rows = await reader.next(); rows.length > 0; rows = await reader.next()) yield* rows
  } finally {
    for (const reader of readers) reader.close()
  }
}
