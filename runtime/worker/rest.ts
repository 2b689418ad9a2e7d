/** What one group says of itself. */
export interface RestReport {
  /** It has nothing left to do, as far as it knows. */
  readonly quiet: boolean
  /** Frames since it was connected with a peer. */
  readonly links: readonly { readonly peer: number; readonly sent: number; readonly received: number }[]
}

/**
 * Finds out whether groups that send each other frames are all at rest at the same moment, and so will stay. Each may believe
 * that it has nothing to do while a frame is on its way to it.
 *
 * Once all have said that they are quiet, all are asked, twice. If the answers of both rounds are the same, nobody did anything
 * between the first answer of the second round and the last of the first; and if as much was received as was sent, on every
 * link, then nothing was under way at that moment. No clock is involved.
 */
export class RestDetector {
  readonly #groups: readonly number[]
  readonly #ask: () => number
  readonly #atRest: () => void
  readonly #quiet = new Set<number>()
  #round = 0
  #answers: Map<number, RestReport> | undefined = undefined
  #before: string | undefined = undefined
  /** Somebody has said something since the round began. */
  #news = false

  /** `ask` begins a round and gives its number, which every group answers with. `atRest` is called once. */
  constructor(groups: readonly number[], ask: () => number, atRest: () => void) {
    this.#groups = groups
    this.#ask = ask
    this.#atRest = atRest
  }

  /** A group says, unasked, that it has become quiet, or is no longer, or that it is and its links have moved. */
  said(group: number, quiet: boolean): void {
    if (quiet) this.#quiet.add(group)
    else this.#quiet.delete(group)
    this.#news = true
    if (this.#answers === undefined) this.#beginIfQuiet()
  }

  /** A group begins anew. What it has said and answered counts no more. */
  forget(group: number): void {
    this.#quiet.delete(group)
    this.#answers = undefined
    this.#before = undefined
  }

  answered(group: number, round: number, report: RestReport): void {
    if (round !== this.#round || this.#answers === undefined) return
    this.#answers.set(group, report)
    // Now, not when all have answered: by then it may have said something newer.
    if (!report.quiet) this.#quiet.delete(group)
    if (this.#answers.size === this.#groups.length) this.#judge(this.#answers)
  }

  #beginIfQuiet(): void {
    if (!this.#groups.every((group) => this.#quiet.has(group))) return
    this.#before = undefined
    this.#begin()
  }

  #begin(): void {
    this.#answers = new Map()
    this.#news = false
    this.#round = this.#ask()
  }

  #judge(answers: ReadonlyMap<number, RestReport>): void {
    this.#answers = undefined
    const text = this.#groups.map((group) => JSON.stringify(answers.get(group))).join()
    const before = this.#before
    this.#before = undefined
    if (!nothingIsUnderWay(answers)) {
      // Whoever receives what is under way will say so.
      if (this.#news) this.#beginIfQuiet()
    } else if (text === before) this.#atRest()
    else {
      this.#before = text
      this.#begin()
    }
  }
}

function nothingIsUnderWay(answers: ReadonlyMap<number, RestReport>): boolean {
  for (const [group, { quiet, links }] of answers) {
    if (!quiet) return false
    for (const { peer, sent } of links)
      if (answers.get(peer)?.links.find((back) => back.peer === group)?.received !== sent) return false
  }
  return true
}
