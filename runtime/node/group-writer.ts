import type { MillraceError } from '../base/errors.ts'

type Done = (error: MillraceError | undefined) => void

export interface GroupWriterOptions<Group> {
  /** A group of nothing. */
  begin(): Group
  /** Writes a group, to which no more is added. Rejects with a MillraceError. */
  send(group: Group): Promise<void>
}

/**
 * What sinks have in common that write in groups: batches that come while one group is being written gather in the next, groups
 * are written one after the other, and everybody is told in turn. After the first failure everything fails (O4): nothing behind
 * a batch that cannot be taken is taken, and nothing behind a group that cannot be written is written.
 */
export class GroupWriter<Group> {
  readonly #options: GroupWriterOptions<Group>
  #filling: { readonly group: Group; readonly dones: Done[] } | undefined
  /** No batch is taken any more. */
  #failed: MillraceError | undefined
  /** Nor are those that were taken before written. */
  #broken: MillraceError | undefined
  #refused: Done[] = []
  #running: Promise<void> | undefined

  constructor(options: GroupWriterOptions<Group>) {
    this.#options = options
  }

  /** `take` adds a batch to a group, or answers with why it cannot be taken. `done` is never called from inside the call. */
  add(take: (group: Group) => MillraceError | undefined, done: Done): void {
    this.#filling ??= { group: this.#options.begin(), dones: [] }
    this.#failed ??= take(this.#filling.group)
    if (this.#failed === undefined) this.#filling.dones.push(done)
    else this.#refused.push(done)
    // Together with what else comes in this turn.
    this.#running ??= Promise.resolve().then(() => this.#run())
  }

  /** Resolves when everybody has been told. Rejects only when a `done` throws. */
  async settled(): Promise<void> {
    await this.#running
  }

  async #run(): Promise<void> {
    for (let filled = this.#filling; filled !== undefined; filled = this.#filling) {
      this.#filling = undefined
      if (filled.dones.length === 0) continue
      this.#broken ??= await this.#options.send(filled.group).then(
        () => undefined,
        (error: MillraceError) => error,
      )
      this.#failed ??= this.#broken
      for (const done of filled.dones) done(this.#broken)
    }
    // After what was taken. A `done` may write again.
    for (let done = this.#refused.shift(); done !== undefined; done = this.#refused.shift()) done(this.#failed)
    this.#running = undefined
  }
}
