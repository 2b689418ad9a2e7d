/**
 * Changing the pure steps of a source (RULE 8: a fingerprint changes only at a drained offset).
 *
 * Two versions of the code send the records of a partition to different shards. A record that one shard passed under
 * the old version and the other under the new one would take effect twice, or nowhere, and nobody would notice.
 *
 * A shard owns, durably: how far it is, the plan (the version) under which it takes records, and the highest generation
 * of a reader that it has let in. A reader owns nothing; it acts on what the shards told it.
 *
 *   reader of generation g                                shard
 *   opens a session with each shard ------------------->  lets nobody below g in again; tells how far, which plan
 *   if all have its plan: sends ----------------------->  takes the next record, if this reader was let in last
 *   if not, and all are equally far: "my plan" -------->  adopts the plan, if this reader was let in last
 *   else: SOURCE_PLAN_CHANGED. The old version has to run again, and drain
 *
 * All shards let the reader in before it compares, and let no former one in again: so what it compared is still true
 * when the last of them adopts. Lost frames are left to `source-lane.ts`; a record is taken and committed in one step
 * here.
 *
 * Faults, a bounded number in any order: a younger reader of either version starts while the others go on; a shard is
 * opened anew.
 *
 * Invariant
 *  P1 torn: a record that both shards have passed took effect as one of the versions says.
 * Goal: both shards are at the end of the log. If the youngest reader has to refuse, its people may run the other
 * version.
 */
import { type Model, type Step, type Violation, stepsFrom } from './explore.ts'

export interface SourcePlanBounds {
  readonly records: number
  readonly faults: number
}

export type SourcePlanMutation =
  | 'fingerprint ignored'
  | 'plan changed where the shards are apart'
  | 'sends before every shard has adopted its plan'
  | 'former readers are let in again'
  | 'generation in memory only'

export type SourcePlanViolation = 'torn'

type ShardName = 'A' | 'B'
type Version = 1 | 2

interface Shard {
  passed: number
  plan: Version
  generation: number
  /** The generation of the reader that was let in last. Forgotten when the shard opens anew. */
  session: number | null
  /** The records that took effect here. */
  readonly took: number[]
}

interface Reader {
  generation: number
  readonly version: Version
  /** What each shard told, brought up to date by what this reader did since. */
  readonly told: Record<ShardName, { passed: number; plan: Version } | null>
}

export interface SourcePlanState {
  readonly shards: Readonly<Record<ShardName, Shard>>
  /** All that run; the youngest is the last. */
  readonly readers: Reader[]
  faultsLeft: number
}

const SHARDS: readonly ShardName[] = ['A', 'B']

export function sourcePlanModel(
  bounds: SourcePlanBounds,
  mutation?: SourcePlanMutation,
): Model<SourcePlanState, SourcePlanViolation> {
  const shard = (): Shard => ({ passed: 0, plan: 1, generation: 0, session: null, took: [] })
  return {
    initial: { shards: { A: shard(), B: shard() }, readers: [newReader(1, 1)], faultsLeft: bounds.faults },
    steps: (state) => sourcePlanSteps(state, bounds, mutation),
    violation: sourcePlanViolation,
    goal: ({ shards }) => SHARDS.every((name) => shards[name].passed === bounds.records),
  }
}

function sourcePlanViolation({ shards }: SourcePlanState): Violation<SourcePlanViolation> | undefined {
  const passedByBoth = Math.min(shards.A.passed, shards.B.passed)
  for (let record = 0; record < passedByBoth; record += 1) {
    const takers = SHARDS.filter((name) => shards[name].took.includes(record))
    if (takers.length !== 1) return { kind: 'torn', detail: `record ${record} took effect at [${takers}]` }
  }
  return undefined
}

/** The old version sends even records to A and odd ones to B; the new version the other way round. */
function isFor(name: ShardName, record: number, version: Version): boolean {
  return (record + version) % 2 === (name === 'A' ? 1 : 0)
}

function sourcePlanSteps(
  state: SourcePlanState,
  bounds: SourcePlanBounds,
  mutation?: SourcePlanMutation,
): readonly Step<SourcePlanState>[] {
  const collector = stepsFrom(state, rankGenerations)
  state.readers.forEach((reader, index) => {
    for (const name of SHARDS) {
      addOpening(reader, index, name)
      addSend(reader, index, name)
      addAdoption(reader, index, name)
    }
  })
  addOtherVersion()
  if (state.faultsLeft > 0) addFaults()
  return collector.steps

  function addOpening({ generation, told }: Reader, index: number, name: ShardName): void {
    const shard = state.shards[name]
    const isOpen = shard.session === generation && told[name] !== null
    const isFormer = generation < shard.generation && mutation !== 'former readers are let in again'
    if (isOpen || isFormer) return
    collector.step(`${name} lets reader ${generation} in: ${shard.passed} passed, plan ${shard.plan}`, (to) => {
      const target = to.shards[name]
      target.session = generation
      target.generation = Math.max(target.generation, generation)
      setTold(to, index, name, { passed: shard.passed, plan: shard.plan })
    })
  }

  function addSend(reader: Reader, index: number, name: ShardName): void {
    const { generation, version, told } = reader
    const passed = told[name]?.passed
    if (passed === undefined || passed >= bounds.records || !maySend(reader)) return
    if (state.shards[name].session !== generation) return
    collector.step(`reader ${generation} (version ${version}) sends record ${passed} to ${name}`, (to) => {
      const shard = to.shards[name]
      if (isFor(name, passed, version)) shard.took.push(passed)
      shard.passed = passed + 1
      shard.plan = version
      setTold(to, index, name, { passed: passed + 1, plan: version })
    })
  }

  function maySend({ version, told }: Reader): boolean {
    const { A, B } = told
    if (A === null || B === null) return false
    if (mutation === 'fingerprint ignored') return true
    if (mutation === 'sends before every shard has adopted its plan' && A.passed === B.passed) return true
    return A.plan === version && B.plan === version
  }

  function addAdoption({ generation, version, told }: Reader, index: number, name: ShardName): void {
    const { A, B } = told
    if (A === null || B === null || told[name]?.plan === version) return
    if (A.passed !== B.passed && mutation !== 'plan changed where the shards are apart') return
    if (state.shards[name].session !== generation) return
    collector.step(`${name} adopts plan ${version} of reader ${generation}`, (to) => {
      to.shards[name].plan = version
      setTold(to, index, name, { passed: to.shards[name].passed, plan: version })
    })
  }

  /** The youngest reader holds both shards, and can neither send nor change the plan. */
  function addOtherVersion(): void {
    const youngest = state.readers.at(-1)
    if (youngest === undefined || !isRefusing(youngest)) return
    const version = youngest.version === 1 ? 2 : 1
    collector.step(`SOURCE_PLAN_CHANGED: version ${version} is run instead`, (to) => {
      to.readers.pop()
      to.readers.push(newReader(youngest.generation + 1, version))
    })
  }

  function isRefusing(reader: Reader): boolean {
    const { A, B } = reader.told
    const holdsBoth = SHARDS.every((name) => state.shards[name].session === reader.generation)
    return holdsBoth && A !== null && B !== null && !maySend(reader) && A.passed !== B.passed
  }

  function addFaults(): void {
    const youngest = state.readers.at(-1)?.generation ?? 0
    for (const version of [1, 2] as const) {
      collector.fault(`reader ${youngest + 1} (version ${version}) starts, the others go on`, (to) => {
        to.faultsLeft -= 1
        to.readers.push(newReader(youngest + 1, version))
      })
    }
    for (const name of SHARDS) {
      collector.fault(`${name} is opened anew`, (to) => {
        to.faultsLeft -= 1
        to.shards[name].session = null
        if (mutation === 'generation in memory only') to.shards[name].generation = 0
      })
    }
  }
}

/** Only the order of generations makes a difference, so those still in use are numbered 1, 2, 3, ... */
function rankGenerations({ shards, readers }: SourcePlanState): void {
  const { A, B } = shards
  const used = [A.generation, B.generation, A.session, B.session, ...readers.map((reader) => reader.generation)]
  const inOrder = [...new Set(used.filter((generation) => generation !== null && generation > 0))].toSorted(
    (a, b) => a! - b!,
  )
  const rank = (generation: number): number => inOrder.indexOf(generation) + 1
  for (const shard of [A, B]) {
    shard.generation = rank(shard.generation)
    if (shard.session !== null) shard.session = rank(shard.session)
  }
  for (const reader of readers) reader.generation = rank(reader.generation)
}

function newReader(generation: number, version: Version): Reader {
  return { generation, version, told: { A: null, B: null } }
}

function setTold(to: SourcePlanState, index: number, name: ShardName, told: { passed: number; plan: Version }): void {
  const reader = to.readers[index]
  if (reader !== undefined) reader.told[name] = told
}
