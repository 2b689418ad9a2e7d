import type { SourcePartition } from '../../runtime/ports/source.ts'
import type { EndsListener } from './open-ends.ts'

/** Hears ends that may have something to tell before there is a worker. */
export class Outside implements EndsListener {
  #worker: EndsListener | undefined
  readonly #early: { readonly source: number; readonly partition: SourcePartition }[] = []

  wake(): void {
    // Who comes earlier is looked at when the worker starts.
    this.#worker?.wake()
  }

  added(source: number, partition: SourcePartition): void {
    if (this.#worker === undefined) this.#early.push({ source, partition })
    else this.#worker.added(source, partition)
  }

  meet(worker: EndsListener): void {
    this.#worker = worker
    for (const { source, partition } of this.#early.splice(0)) worker.added(source, partition)
  }
}
