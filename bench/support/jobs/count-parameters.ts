export interface Click {
  readonly key: string
  readonly at: number
  readonly padding: string
}
export interface Count {
  readonly key: string
  readonly count: number
}

/** What the job is given. */
export interface CountParameters {
  readonly brokers: string[]
  readonly from: string
  readonly to: string
  /** Only the latest count of each key and commit. */
  readonly latest: boolean
}

const variable = 'MILLRACE_BENCH_COUNT'

export function countEnvironment(parameters: CountParameters): Record<string, string> {
  return { [variable]: JSON.stringify(parameters) }
}

export function countParametersHere(): CountParameters {
  return JSON.parse(process.env[variable] ?? '') as CountParameters
}
