import type { Excuses } from './excuses.ts'
import type { FakeGroup } from './fake-group.ts'
import { emissionsOf, groupOf, partitions, recordCount, recordSize } from './settings.ts'

/**
 * RULE 4, at every moment: what a receiver has durably is a part of its sender's history, and nothing was pruned that it lacks.
 * Unless one of the two has an excuse.
 */
export function brokenSession(groups: readonly FakeGroup[], excuses: Excuses): string | undefined {
  for (const receiver of groups) {
    const excused = groups.map(({ id }) => id === receiver.id || excuses.has(id, receiver.id))
    for (const { from, to, durable } of receiver.inLanes.all()) {
      const sender = groupOf(from, groups.length)
      if (excused[sender]) continue
      const verdict = groups[sender]!.outLanes.check(from, to, durable.number, durable.chainHigh, durable.chainLow)
      if (verdict !== 'ok') return `lane ${from}>${to}, receiver durably at ${durable.number}: ${verdict}`
    }
  }
  return undefined
}

/** What is wrong with the messages that a group has handled: they must be exactly what was sent to it, in order. */
export function wrongLane(group: FakeGroup, groups: readonly FakeGroup[]): string | undefined {
  for (const sender of groups) {
    for (const [lane, sent] of sender.state.sent) {
      if (groupOf(Number(lane.split('>')[1]), groups.length) !== group.id) continue
      const handled = group.state.handled.get(lane) ?? []
      if (handled.join() !== sent.join()) return `lane ${lane}: sent ${sent}; handled ${handled}`
    }
  }
  return undefined
}

export function wrongSource(group: FakeGroup, groupCount: number): string | undefined {
  for (const partition of partitions) {
    const expected: string[] = []
    for (let offset = 0; offset < recordCount * recordSize; offset += recordSize) {
      for (const { shard, index } of emissionsOf(partition, offset)) {
        if (groupOf(shard, groupCount) === group.id) expected.push(`${partition}@${offset}.${index}`)
      }
    }
    const { seen } = group.state.sources.get(partition)!
    if (seen.join() !== expected.join()) return `group ${group.id}, ${partition}: wants ${expected}; has ${seen}`
  }
  return undefined
}

/** RULE 9: in a cut, nothing was received that was not sent, and nothing was pruned that was not received. */
export function wrongCut(groups: readonly FakeGroup[]): string | undefined {
  const cuts = groups.map((group) => group.state.cuts.get(1))
  if (cuts.some((cut) => cut === undefined)) return 'a cut did not come to every group'
  for (const sender of cuts) {
    for (const { from, to, sent, pruned } of sender!.lanesOut) {
      const receiver = cuts[groupOf(to, groups.length)]!
      const lane = receiver.lanesIn.find((lane) => lane.from === from && lane.to === to)
      const at = lane?.position.number ?? 0
      if (at > sent.number) return `cut, orphan: ${from}>${to} received up to ${at}, sent up to ${sent.number}`
      if (pruned.number > at) return `cut, lost: ${from}>${to} pruned up to ${pruned.number}, received up to ${at}`
    }
  }
  for (const receiver of cuts) {
    for (const { from, to, position } of receiver!.lanesIn) {
      const sender = cuts[groupOf(from, groups.length)]!
      if (!sender.lanesOut.some((lane) => lane.from === from && lane.to === to) && position.number > 0) {
        return `cut, orphan: ${from}>${to} received up to ${position.number}, never sent`
      }
    }
  }
  return undefined
}
