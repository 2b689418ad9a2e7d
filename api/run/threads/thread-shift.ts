import { createCodec } from '../../../runtime/codec/codec.ts'
import type { ThreadCounts } from '../../../runtime/node/threads/shared-counts.ts'
import type { Asked, Shift } from '../shift.ts'
import type { Rows } from '../states.ts'
import { Crew, type CrewParts } from './crew.ts'
import type { Member } from './member.ts'

/** Several workers, each on a thread of its own. */
export class ThreadShift implements Shift {
  readonly crew: Crew
  readonly #codec = createCodec()

  constructor(parts: CrewParts) {
    this.crew = new Crew(parts)
  }

  get opened(): Promise<void> {
    return this.crew.opened
  }

  get done(): Promise<void> {
    return this.crew.done
  }

  get counts(): ThreadCounts {
    return this.crew.counts
  }

  drain(): void {
    this.crew.drain()
  }

  async asked(shard: number, asked: Asked): Promise<unknown> {
    return this.#decode(await this.crew.member(shard).want({ kind: 'ask', ...asked }))
  }

  async stateOf(shard: number, entity: number, key: string): Promise<unknown> {
    return this.#decode(await this.crew.member(shard).want({ kind: 'get', entity, key }))
  }

  rows(from: Uint8Array, to: Uint8Array): Promise<Rows> {
    return Promise.resolve(rowsOf(this.crew.members, from, to))
  }

  #decode(bytes: Uint8Array | undefined): unknown {
    return bytes && this.#codec.decode(bytes, 0, bytes.length)
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
