import type { Prng } from '../base/prng.ts'
import type { Bugs } from '../shard/bugs.ts'
import type { Faults } from './faults.ts'
import type { JournalEvent } from './journal.ts'
import type { Scheduler } from './scheduler.ts'
import type { Shape } from './shape.ts'
import type { SimDisk } from './sim-disk.ts'
import type { SimNetwork } from './sim-links.ts'
import type { SimProgram } from './sim-program.ts'
import type { SimOutside } from './sim-sink.ts'
import type { SimLog } from './sim-source.ts'

/** What processes find outside of themselves. */
export interface Surroundings {
  readonly program: SimProgram
  readonly shape: Shape
  readonly scheduler: Scheduler
  readonly faults: Faults
  readonly prng: Prng
  readonly network: SimNetwork
  readonly bugs: Partial<Bugs>
  /** The partitions of all sources, with the position of their source in the program. */
  readonly logs: readonly { readonly source: number; readonly log: SimLog }[]
  /** The group that reads a log. */
  readerOf(log: SimLog): number
  outside(group: number, sink: string): SimOutside
  delays(kind: keyof Shape['delays']): Shape['delays']['tick']
  journal(event: JournalEvent): void
  note(line: () => string): void
}

/** A machine: a disk and a clock that outlive its processes. */
export interface SimNode {
  readonly index: number
  readonly groups: readonly number[]
  readonly disk: SimDisk
  /** How far its clock is off. */
  clockMs: number
}
