import type { MillraceError } from '../../base/errors.ts'
import { corrupt } from '../../ports/store-refusals.ts'
import type { BatchRow } from './own-rows.ts'

/**
 * S5, for the store: every batch that LevelDB should still have in its write-ahead log is there. `rows` are in order.
 * `because` is added to what is said: what may have done it.
 */
export function findLostBatch(
  rows: readonly BatchRow[],
  confirmed: number,
  because: string,
): MillraceError | undefined {
  const newest = rows.at(-1)
  if (newest === undefined) return corrupt(`batch ${confirmed} was confirmed, but there is no trace of any batch`)
  let expected = newest.oldest
  for (const row of rows) {
    if (row.number !== expected)
      return corrupt(
        `expected batch ${expected}, found ${row.number}: one was damaged on the disk${because}${lostCommit(rows)}`,
      )
    expected = row.number + 1
  }
  if (newest.number < confirmed)
    return corrupt(`batch ${confirmed} was confirmed, but the store ends with batch ${newest.number}`)
  return undefined
}

/** Whose commits were in the hole, as far as its neighbours tell. */
function lostCommit(rows: readonly BatchRow[]): string {
  const last = new Map<number, number>()
  for (const { commits } of rows) {
    for (const { group, number } of commits) {
      const expected = (last.get(group) ?? number - 1) + 1
      if (number !== expected) return `. Commit group ${group}: expected record ${expected}, found ${number}`
      last.set(group, number)
    }
  }
  return ''
}
