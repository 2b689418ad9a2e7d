import type { SourcePartition } from '../../runtime/ports/source.ts'
import type { EndsListener } from './open-ends.ts'

/** Who is told by `Outside`. */
export type Insider = Pick<EndsListener, 'wake' | 'added'>

/** Hears ends that may have something to tell before there is a worker, and keeps what is open beside their partitions. */
export class Outside implements EndsListener {
  #worker: Insider | undefined
  readonly #kept: { close(): Promise<void> }[] = []
  readonly #early: { readonly source: number; readonly partition: SourcePartition }[] = []

  wake(): void {
    // Who comes earlier is looked at when the worker starts.
    this.#worker?.wake()
  }

  added(source: number, partition: SourcePartition): void {
    if (this.#worker === undefined) this.#early.push({ source, partition })
    else this.#worker.added(source, partition)
  }

  keep(open: { close(): Promise<void> }): void {
    this.#kept.push(open)
  }

  async close(): Promise<void> {
    await Promise.all(this.#kept.map((open) => open.close()))
  }

  meet(worker: Insider): void {
    this.#worker = worker
    for (const { source, partition } of this.#early.splice(0)) worker.added(source, partition)
  }
}
