import { join } from 'node:path'
import { bind } from 'millrace'
import type { Program } from 'millrace'
import { file } from 'millrace/files'
import pipeline, { flights, jams, records } from './flights.ts'

/** The pipeline with files: one input for both runs, and a folder for all that a run makes. */
export function programIn(folder: string, input: string, follow: boolean): Program {
  return bind(pipeline, [
    flights.from(file(input, { follow })),
    jams.to(file(outputs(folder).jams)),
    records.to(file(outputs(folder).records)),
  ])
}

export function outputs(folder: string): { jams: string; records: string } {
  return { jams: join(folder, 'jams.ndjson'), records: join(folder, 'records.ndjson') }
}

export function dataOf(folder: string): string {
  return join(folder, 'data')
}
