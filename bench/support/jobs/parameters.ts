import { readFileSync } from 'node:fs'
import type { RealSource } from 'millrace'
import { framesOf, memorySource, partOf, type Recorded } from '../memory-source.ts'
import { pacedSource, type Stamp } from '../paced-source.ts'
import { sourceEnd } from '../port-ends.ts'

/** What a job is given. It is in the environment, because every thread loads the job by itself. */
export interface JobParameters {
  /** Frames, read to memory by whoever needs them, and gone through over and over. */
  readonly file: string
  /** Sources that share the records in turn: one for each worker. So of two workers each has half of its records for the other. */
  readonly parts: number
  /** Records that are due each second, of all parts together. 0: as many as can be handled. */
  readonly perSecond: number
}

const variable = 'MILLRACE_BENCH_JOB'

export function environmentOf(parameters: JobParameters): Record<string, string> {
  return { [variable]: JSON.stringify(parameters) }
}

export function parametersHere(): JobParameters {
  return JSON.parse(process.env[variable] ?? '') as JobParameters
}

/** The real end of part `part`. `stamp`: writes into a record when it was due. */
export function partEnd({ file, parts, perSecond }: JobParameters, part: number, stamp: Stamp = () => {}): RealSource {
  return sourceEnd(`part ${part} of ${file}`, (source, wake) => {
    const records: Recorded = partOf(framesOf(readFileSync(file)), part, parts)
    if (perSecond === 0) return memorySource(source, records, Number.POSITIVE_INFINITY)
    return pacedSource({ source, records, perSecond: perSecond / parts, stamp, wake })
  })
}
