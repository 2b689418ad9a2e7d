import type { MillraceError } from '../../../base/errors.ts'
import type { KafkaClient } from '../client.ts'
import { isRetriable } from '../failure.ts'
import { offsetsNotCommitted } from './source-errors.ts'

/** Often enough for people who look at lag. */
const everyMs = 1_000

/**
 * Shows other tools how far a source is, as the committed offsets of a consumer group. Nothing here reads them back: where a
 * source goes on is in the store.
 */
export class GroupOffsets {
  readonly #client: KafkaClient
  readonly #group: string
  readonly #topic: string
  readonly #failed: (error: MillraceError) => void
  readonly #waiting = new Map<number, number>()
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #closed = false

  /** `failed` is called when it cannot be done, and will not be possible later. */
  constructor(client: KafkaClient, group: string, topic: string, failed: (error: MillraceError) => void) {
    this.#client = client
    this.#group = group
    this.#topic = topic
    this.#failed = failed
  }

  confirmed(partition: number, next: number): void {
    this.#waiting.set(partition, next)
    if (this.#closed) return
    this.#timer ??= setTimeout(() => {
      this.#running = this.#commit()
    }, everyMs)
  }

  /** Commits what is left, if it can be done now. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    await this.#running
    await this.#commit()
  }

  async #commit(): Promise<void> {
    if (this.#waiting.size === 0) return
    const offsets = new Map(this.#waiting)
    this.#waiting.clear()
    try {
      await this.#client.commitOffsets(this.#group, this.#topic, offsets)
    } catch (error) {
      // They come again with the next, unless newer ones are there.
      for (const [partition, next] of offsets) if (!this.#waiting.has(partition)) this.#waiting.set(partition, next)
      if (!isRetriable(error)) this.#failed(offsetsNotCommitted(this.#group, error))
    }
    this.#timer = undefined
    if (this.#closed || this.#waiting.size === 0) return
    this.#timer = setTimeout(() => {
      this.#running = this.#commit()
    }, everyMs)
  }
}
