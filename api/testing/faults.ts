import type { FaultKind } from '../../runtime/sim/faults.ts'

/**
 * What can go wrong, by name.
 *
 * crash: a process is killed, or its machine loses power; what it had asked for may still happen. zombie: a process that is
 * believed to be dead runs on beside its successor, or a reader beside the next. disk: a commit is refused, lost, or applied
 * without an answer; the disk is full; a record is damaged. sink: the same for what is written to sinks. clock: the clock of a
 * machine leaps ahead or back. Between hosts, so with two or more of them: lose, duplicate, reorder (a message comes long after
 * its time), delay (nothing passes for a while).
 */
export type Fault = 'crash' | 'zombie' | 'disk' | 'sink' | 'clock' | 'lose' | 'duplicate' | 'reorder' | 'delay'

const kinds: { readonly [Name in Fault]: readonly FaultKind[] } = {
  crash: ['crash', 'power-loss', 'restart'],
  zombie: ['zombie', 'reassign'],
  disk: ['commit-refused', 'commit-lost', 'commit-applied', 'disk-full', 'damage'],
  sink: ['sink-refused', 'sink-lost', 'sink-applied', 'sink-full'],
  clock: ['clock-jump'],
  lose: ['link-loss'],
  duplicate: ['link-repeat'],
  reorder: ['link-late'],
  delay: ['partition'],
}
/** These need two hosts. */
export const betweenHosts: readonly Fault[] = ['lose', 'duplicate', 'reorder', 'delay']

export const faultNames: readonly Fault[] = Object.keys(kinds) as Fault[]

/** What a kind of the simulator is called here; undefined: it is not offered. */
export function faultOf(kind: string): Fault | undefined {
  return faultNames.find((name) => kinds[name].some((known) => known === kind))
}

/** Faults as they are given: by name they exist for sure, of 'all' the seed chooses some. */
export type Faults = 'all' | 'none' | readonly Fault[]

/** For a run on so many hosts. Throws a TypeError for a name that is none, and for one that could never happen. */
export function faultOptions(
  faults: Faults,
  hosts: readonly number[],
): { readonly faults: readonly FaultKind[]; readonly often: readonly FaultKind[] } {
  if (faults === 'none') return { faults: [], often: [] }
  if (faults === 'all') return { faults: faultNames.flatMap((name) => kinds[name]), often: [] }
  for (const name of faults) {
    if (!faultNames.includes(name))
      throw new TypeError(`there is no fault ${JSON.stringify(name)}: it is one of ${faultNames.join(', ')}`)
    if (betweenHosts.includes(name) && Math.max(...hosts) < 2)
      throw new TypeError(`the fault "${name}" happens between hosts: simulate several, such as hosts: [2]`)
  }
  const named = faults.flatMap((name) => kinds[name])
  return { faults: named, often: named }
}
