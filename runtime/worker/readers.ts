import type { MillraceError } from '../base/errors.ts'
import type { SourcePartition } from '../ports/source.ts'
import type { Group } from '../shard/group.ts'
import { Reader } from './reader.ts'

/** A partition with the position of its source in the plan. */
export interface PartitionOfSource {
  readonly source: number
  readonly partition: SourcePartition
}

export interface ReadersOptions {
  readonly acceptTornRecords: boolean
  readonly recordsPerTick: number
  readonly maxBatchMessages: number
}

/** What one look at the sources brought. `plenty`: one of them gave all that a look may take, so it may well have more. */
export type Found = 'nothing' | 'some' | 'plenty'

/** All partitions that a worker reads. */
export class Readers {
  readonly #group: Group
  readonly #options: ReadersOptions
  readonly #readers: Reader[]

  /** Throws MR_SOURCE_PLAN_CHANGED. */
  constructor(group: Group, partitions: readonly PartitionOfSource[], options: ReadersOptions) {
    this.#group = group
    this.#options = options
    this.#readers = partitions.map((each) => this.#reader(each))
  }

  /** Throws MR_SOURCE_PLAN_CHANGED. */
  add(partition: PartitionOfSource): void {
    this.#readers.push(this.#reader(partition))
  }

  get finished(): boolean {
    return this.#readers.every((reader) => reader.finished)
  }

  get settled(): boolean {
    return this.#readers.every((reader) => reader.settled)
  }

  /** Why one of them can give nothing more, if that is so. */
  get failed(): MillraceError | undefined {
    return this.#readers.find((reader) => reader.failed !== undefined)?.failed
  }

  /** Of those from which a peer still needs something. */
  get failedAndNeeded(): MillraceError | undefined {
    return this.#readers.find((reader) => reader.failed !== undefined && !reader.settled)?.failed
  }

  /** Stages as much as the batch has room for. */
  read(): Found {
    const { recordsPerTick, maxBatchMessages } = this.#options
    const { batch, stage } = this.#group
    let found: Found = 'nothing'
    for (const reader of this.#readers) {
      // Some give small pieces, however much they have. (Not until there is nothing: of what comes all the time there is always one more.)
      let left = recordsPerTick
      do {
        const room = Math.min(left, maxBatchMessages - batch.count)
        if (room <= 0 || !stage.hasRoom) return found
        const count = reader.read(room)
        if (count === 0) break
        left -= count
        if (found === 'nothing') found = 'some'
      } while (left > 0 && reader.hasMore)
      if (left <= 0) found = 'plenty'
    }
    return found
  }

  /** Stages what a peer that opened anew still needs. Returns whether there was something. */
  readAgain(): boolean {
    return this.#readers.filter((reader) => reader.readAgain()).length > 0
  }

  confirm(): void {
    for (const reader of this.#readers) reader.confirm()
  }

  #reader({ source, partition }: PartitionOfSource): Reader {
    const { acceptTornRecords } = this.#options
    // Whoever opens the lane first says where it starts.
    this.#group.sources.open(source, partition.partition, partition.start ?? 0, acceptTornRecords)
    return new Reader(this.#group, source, partition, acceptTornRecords)
  }
}
