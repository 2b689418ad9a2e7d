import { MillraceError } from '../../../runtime/base/errors.ts'

/** So often in a row a thread may die over the same message. */
const overTheSame = 3
/** So often in a row it may die without having committed anything. */
const withoutProgress = 5

/** The deaths of one group's threads, and when there is no point in trying again. */
export class Deaths {
  readonly #group: number
  count = 0
  #note = ''
  #sameNote = 0
  #idle = 0

  constructor(group: number) {
    this.#group = group
  }

  /**
   * A thread has died. `note`: what it was handling, '' where that was not noted. Returns why no other should take its place;
   * undefined: another should.
   */
  add(why: string, note: string, commits: number): MillraceError | undefined {
    this.count += 1
    this.#sameNote = note !== '' && note === this.#note ? this.#sameNote + 1 : 1
    this.#note = note
    this.#idle = commits === 0 ? this.#idle + 1 : 0
    const isPoisoned = note !== '' && this.#sameNote >= overTheSame
    if (!isPoisoned && this.#idle < withoutProgress) return undefined
    const over = note === '' ? '' : ` over ${note}`
    return new MillraceError(
      'MR_WORKER_LOST',
      `the thread of worker ${this.#group} has died ${this.count} times, at last${over}: ${why}`,
      {
        next: note === '' ? 'Look at why it dies, and start again' : 'Correct what the message names, and start again',
      },
    )
  }
}
