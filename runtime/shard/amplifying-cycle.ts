import { ByteReader } from '../base/bytes.ts'
import { MillraceError } from '../base/errors.ts'
import type { Catalog } from './catalog.ts'
import { readMessageHead } from './lanes/message-bytes.ts'
import type { OutLanes } from './lanes/out-lanes.ts'

/** RULE 6: entities of the group send each other more than they can handle. Names the handler that most of it waits for. */
export function amplifyingCycle(outLanes: OutLanes, group: number, catalog: Catalog): MillraceError {
  const counts = new Map<number, number>()
  for (const lane of outLanes.ready(group)) {
    const { buffer, start, end } = lane.entry(lane.cursor + 1)!
    const { route } = readMessageHead(new ByteReader(buffer, start, end))
    counts.set(route, (counts.get(route) ?? 0) + lane.waiting)
  }
  const [route = 0] = [...counts].sort((a, b) => b[1] - a[1])[0] ?? []
  return new MillraceError(
    'MR_AMPLIFYING_CYCLE',
    `${outLanes.waitingCount} messages wait, most of them for ${catalog.name('route', route)}: entities send each other more than they can handle`,
    { next: 'Find the circle in which one message causes several of its kind, and end it' },
  )
}
