import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { environmentOf, type JobParameters } from './jobs/parameters.ts'
import { quick, type Run } from './measure.ts'
import { withFolder } from './run-worker.ts'

/** How long a job that has no end is watched. */
export interface Window {
  /** It is warm when it has handled so many records, and for so long. */
  readonly warmRecords: number
  readonly warmMs: number
  /** After this it counts as warm whatever its records: a slow machine must not take for ever. */
  readonly longestWarmMs: number
  readonly measureMs: number
}

export const usualWindow: Window = {
  warmRecords: 0,
  warmMs: quick ? 2_000 : 5_000,
  longestWarmMs: quick ? 10_000 : 40_000,
  measureMs: quick ? 2_000 : 5_000,
}

export interface SteadyJob extends Omit<JobParameters, 'parts'> {
  readonly job: URL
  readonly workers: number
  readonly durability: 'disk' | 'process'
  readonly window: Window
}

/** A run in its steady state. */
export interface SteadyRun extends Required<Run> {
  /** Messages handled for each record that was committed, since the start. */
  readonly messagesPerRecord: number
  /** From when a record was due until its output was with the sink, in ms. Empty: the job does not say. */
  readonly latencyMs: Readonly<Record<Percentile, number>>
  readonly latencies: number
  /** Part of the machine's processor time that its host gave to others meanwhile. Absent: not known. */
  readonly stolen?: number | undefined
}

export type Percentile = 'p50' | 'p99' | 'p99.9' | 'p99.99'

const childFile = fileURLToPath(new URL('./steady-child.ts', import.meta.url))

/** Runs a job without end in a process of its own, as a user would, and measures it when it is warm. */
export async function steady({ job, workers, durability, window, file, perSecond }: SteadyJob): Promise<SteadyRun> {
  const environment = environmentOf({ file, parts: workers, perSecond })
  return await withFolder(async (data) => {
    const { warmRecords, warmMs, longestWarmMs, measureMs } = window
    const numbers = [workers, warmRecords, warmMs, longestWarmMs, measureMs].map(String)
    const args = [...process.execArgv, childFile, job.href, data, durability, ...numbers]
    return JSON.parse(await outputOf(process.execPath, args, environment)) as SteadyRun
  })
}

/** What a command writes to its standard output. Rejects when it fails. */
export function outputOf(
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, ...environment }
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
    child.once('error', reject)
    child.once('close', (code) =>
      code === 0 ? resolve(text) : reject(new Error(`${command} ${args.join(' ')} ended with ${code}`)),
    )
  })
}
