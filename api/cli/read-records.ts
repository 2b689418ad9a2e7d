import { bindByName } from '../bind.ts'
import { completeBindings, type SourceEnd } from '../complete-bindings.ts'
import type { Binding } from '../ends.ts'
import { invalid } from '../invalid.ts'
import type { LoadedProgram } from '../run/load-program.ts'
import { type Names, openSource } from '../run/open-ends.ts'

/** How the sources of a program read in a simulated world. */
export interface ListedInputs {
  readonly inputs: readonly Binding[]
  /** Records that do not decode: they would be dead letters, and are left out. */
  readonly undecodable: number
}

/** Reads the first records of every source, from wherever it is bound to, and binds it to the list of them. */
export async function listInputs({ pipeline, bindings }: LoadedProgram, maxRecords: number): Promise<ListedInputs> {
  const { plan, sources } = completeBindings(pipeline, bindings, { sinks: 'optional' })
  let undecodable = 0
  const lists: Binding[] = []
  for (const [i, end] of sources.entries()) {
    const { name, decode } = plan.sources[i]!
    const values: unknown[] = []
    for (const record of await firstRecords({ pipeline: plan.name, end: name }, end, maxRecords)) {
      try {
        values.push(decode(record))
      } catch {
        undecodable += 1
      }
    }
    lists.push(bindByName(pipeline, 'source', name, { kind: 'list', values }))
  }
  return { inputs: lists, undecodable }
}

async function firstRecords(names: Names, end: SourceEnd, maxRecords: number): Promise<readonly Uint8Array[]> {
  if (end.kind === 'list') return end.records.slice(0, maxRecords)
  if (end.kind === 'stdio')
    throw invalid(
      `source ${JSON.stringify(names.end)} reads standard input, which can be read once`,
      `Give it a file: --in ${names.end}=FILE`,
    )
  let wake = (): void => {}
  const records: Uint8Array[] = []
  const partitions = await openSource(names, end, {
    follow: false,
    once: true,
    reads: () => true,
    wake: () => wake(),
    added: () => {},
    keep: () => {},
  })
  try {
    for (const partition of partitions) {
      partition.seek(partition.start ?? 0, '')
      while (records.length < maxRecords) {
        const woken = new Promise<void>((resolve) => {
          wake = resolve
        })
        const batch = partition.poll(maxRecords - records.length)
        if (batch !== undefined) {
          for (let i = 0; i < batch.count; i++) records.push(batch.buffer.slice(batch.starts[i], batch.ends[i]))
        } else if (partition.failed !== undefined) throw partition.failed
        else if (partition.atEnd) break
        else await woken
      }
    }
  } finally {
    await Promise.all(partitions.map((partition) => partition.close()))
  }
  return records
}
