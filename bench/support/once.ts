import { fileURLToPath } from 'node:url'
import type { Run } from './measure.ts'
import { outputOf } from './steady.ts'

/** From when every worker has begun until everything is committed and with the sink. */
export interface OnceRun extends Required<Run> {
  /** Since before threads were started. */
  readonly seconds: number
}

export interface OnceJob {
  readonly job: URL
  readonly data: string
  readonly workers: number
  readonly durability: 'disk' | 'process'
  /** Records that it reads until its end. */
  readonly count: number
  /** What the job is given: every thread loads it by itself. */
  readonly environment: Readonly<Record<string, string>>
}

const childFile = fileURLToPath(new URL('./once-child.ts', import.meta.url))

/** Runs a job to its end in a process of its own, as a user would. */
export async function once({ job, data, workers, durability, count, environment }: OnceJob): Promise<OnceRun> {
  const args = [...process.execArgv, childFile, job.href, data, durability, String(workers), String(count)]
  return JSON.parse(await outputOf(process.execPath, args, environment)) as OnceRun
}
