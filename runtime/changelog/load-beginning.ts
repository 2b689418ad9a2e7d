import type { LogRead } from '../ports/log.ts'
import { corrupt } from '../ports/store-refusals.ts'
import { judge, judgeFrom, type Judged, unjudged } from './judge.ts'
import type { LocalCopy } from './local-copy.ts'
import { type DecodedRecord, readChunk, type Rows } from './log-record.ts'
import type { Task } from './task.ts'

export interface BeginningParts {
  readonly group: number
  readonly copy: LocalCopy
  read(from: number): Task<LogRead>
  decode(bytes: Uint8Array, offset: number): DecodedRecord
}

/**
 * Puts a copy together anew, as far as the shortening holds it with which the log begins. Where that stands is returned: the records
 * behind it are yet to be folded, those among its chunks included, and make one state of what was copied at many moments.
 */
export function* loadBeginning(parts: BeginningParts): Task<Judged> {
  yield* parts.copy.clear()
  for (;;) {
    const { low } = yield* parts.read(0)
    if (low === 0) return unjudged
    const { records } = yield* parts.read(low)
    const began = records.length === 0 ? undefined : judgeFrom(low, parts.decode(records[0]!, low))
    if (began?.verdict === 'begun' && (yield* loadChunks(parts, low, began.judged))) return began.judged
    const now = yield* parts.read(low)
    // Somebody has shortened it once more meanwhile, otherwise nobody can begin here.
    if (now.low === low) throw noBeginning(parts.group, low)
    yield* parts.copy.clear()
  }
}

/** False: they are not all there. */
function* loadChunks(parts: BeginningParts, begin: number, began: Judged): Task<boolean> {
  let judged = began
  for (;;) {
    const { records } = yield* parts.read(judged.next)
    if (records.length === 0) return false
    const rows: Rows[number][] = []
    let isOver = false
    for (const bytes of records) {
      if (judged.open?.offset !== begin) break
      const record = parts.decode(bytes, judged.next)
      const { verdict, judged: after } = judge(judged, judged.next, record)
      if (verdict === 'chunk') for (const row of readChunk(record)) rows.push(row)
      isOver = verdict === 'ended'
      judged = after
    }
    if (rows.length > 0) yield* parts.copy.write(rows, 'spoiled')
    if (judged.open?.offset !== begin) return isOver
  }
}

function noBeginning(group: number, low: number): Error {
  return corrupt(`partition ${group} of the changelog begins at ${low}, and nobody can begin to read there`)
}
