import { fork } from 'node:child_process'
import { setImmediate as breathe } from 'node:timers/promises'
import { check } from '../testing/check.ts'
import type { Simulation } from '../testing/simulation.ts'
import { SimulationError, type SimulationVerdict } from '../testing/simulation-error.ts'
import { bindFile } from './ends.ts'
import { listInputs } from './read-records.ts'
import type { SimCommandOptions } from './sim-options.ts'
import { type SimNews, SimProgress } from './sim-progress.ts'

/** What a process ends with, by what was found. */
const simExit: { readonly [verdict in SimulationVerdict]: number } = {
  wrong: 3,
  stuck: 4,
  refused: 5,
  crashed: 6,
}

/**
 * `millrace sim`: tries seeds until one fails, with several processes. Resolves with what the process is to end with: 0 when
 * all seeds passed, else what `simExit` says of the verdict.
 */
export async function simCommand(file: string, options: SimCommandOptions): Promise<number> {
  if (options.part !== undefined) {
    await trySeeds(file, options, options.part, (news) => void process.send!(news))
    process.send!('done')
    return 0
  }
  const jobs = Math.min(options.jobs, options.seeds)
  const progress = new SimProgress(options.seeds)
  const bad = jobs <= 1 ? await alone(file, options, progress) : await together(jobs, progress)
  console.log(progress.end())
  if (bad === undefined) return 0
  console.log(`\n${bad.message}`)
  return simExit[bad.verdict]
}

type Failed = SimNews & { readonly kind: 'failed' }

async function alone(file: string, options: SimCommandOptions, progress: SimProgress): Promise<Failed | undefined> {
  let bad: Failed | undefined
  await trySeeds(file, options, { index: 0, of: 1 }, (news) => {
    if (news.kind === 'passed') progress.add(news.report)
    else if (news.kind === 'failed') bad = news
  })
  return bad
}

/** Starts this very command line several times, each for its part of the seeds. The first failure ends them all. */
async function together(jobs: number, progress: SimProgress): Promise<Failed | undefined> {
  const [main, ...args] = process.argv.slice(1)
  let bad: Failed | undefined
  let error: Error | undefined
  const children = Array.from({ length: jobs }, (_, index) =>
    fork(main!, [...args, '--part', `${index}/${jobs}`], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }),
  )
  const stop = (): void => {
    for (const child of children) child.kill()
  }
  await Promise.all(
    children.map(
      (child) =>
        new Promise<void>((resolve) => {
          let isDone = false
          child.on('message', (news: SimNews | 'done') => {
            if (news === 'done') isDone = true
            else if (news.kind === 'passed') progress.add(news.report)
            else if (news.kind === 'failed') {
              bad ??= news
              stop()
            }
          })
          child.on('close', (code) => {
            if (!isDone && bad === undefined) {
              error ??= new Error(`a process that tried seeds has ended with ${code}`)
              stop()
            }
            resolve()
          })
        }),
    ),
  )
  if (bad === undefined && error !== undefined) throw error
  return bad
}

async function trySeeds(
  file: string,
  options: SimCommandOptions,
  part: { readonly index: number; readonly of: number },
  tell: (news: SimNews) => void,
): Promise<void> {
  const program = await bindFile(file, { in: options.in, out: [] })
  const { inputs, undecodable } = await listInputs(program, options.records)
  if (undecodable > 0 && part.index === 0) console.error(`${undecodable} records do not decode, and are left out`)
  const { from, seeds } = options
  const how = { ...(program.simulation as Simulation | undefined), ...given(options) }
  for (let seed = from + part.index; seed < from + seeds; seed += part.of) {
    try {
      tell({ kind: 'passed', report: await check(program.pipeline, { ...how, inputs, seed, seeds: 1 }) })
    } catch (error) {
      if (!(error instanceof SimulationError)) throw error
      tell({ kind: 'failed', seed, verdict: error.verdict, message: error.message })
      return
    }
    await breathe() // what was told goes out
  }
}

/** What the command line says. */
function given({ hosts, faults, settleMs, mayDiffer }: SimCommandOptions): Simulation {
  return {
    ...(hosts !== undefined && { hosts }),
    ...(faults !== undefined && { faults }),
    ...(settleMs !== undefined && { settleMs }),
    ...(mayDiffer !== undefined && { mayDiffer }),
  }
}
