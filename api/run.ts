import { maxWorkers } from '../runtime/base/limits.ts'
import { completeBindings } from './complete-bindings.ts'
import { invalid } from './invalid.ts'
import { invalidOffload } from './offload/errors.ts'
import type { Pipeline } from './pipeline.ts'
import type { Program } from './program.ts'
import { programOf } from './program.ts'
import type { LiveProgram } from './run/live-program.ts'
import { loadProgram } from './run/load-program.ts'
import { poolThreadData } from './run/offload/pool-thread-data.ts'
import type { Running } from './run/running.ts'
import { start } from './run/start.ts'

export interface RunOptions {
  /** The folder that holds everything Millrace remembers. Default './.millrace'. */
  data?: string
  /** What it means that something is committed: it survives a power cut, or `kill -9` only. Default 'disk'. */
  durability?: 'disk' | 'process'
  /** Stops the program as `stop` does. */
  signal?: AbortSignal
  /** Stop when every source is at its end, and everything is committed and with the sinks. */
  once?: boolean
  /**
   * Threads that share the work, another number every time if need be. 1 is the thread that calls; more than one need the URL of the file
   * that exports the program, because functions cannot travel. Default: the cores of the machine, but 1 without a URL and
   * for a program that reads standard input, and no more than `offloadThreads` are enough for.
   */
  workers?: number
  /**
   * Threads for offloaded steps (`mapOffload`), beside the workers and shared out among those that read sources with such steps.
   * Default: the cores that the workers leave free, but at least one for each of them.
   */
  offloadThreads?: number
  /** After a crash the steps behind a source may change, although a record may then take effect half by the old ones and half by the new. */
  acceptTornRecords?: boolean
  /**
   * With several workers: one that has stayed in one turn for so long, in an endless loop say, is ended and replaced, and goes on from
   * its last commit. Default 30,000.
   */
  stallMs?: number
  /** With several workers: what the objects of one may take, in MB, before it is ended and replaced. Default: as Node.js limits threads. */
  heapMb?: number
}

/**
 * Runs a program, and goes on where it was. Resolves when it runs. For the whole process it has V8 make new objects among the young ones
 * (`--no-allocation-site-pretenuring`, docs/decisions/0017-young-objects.md).
 */
export async function run(program: Program | Pipeline | URL, options: RunOptions = {}): Promise<Running> {
  const {
    data = './.millrace',
    durability = 'disk',
    signal,
    once = false,
    acceptTornRecords = false,
    workers,
    offloadThreads,
    stallMs,
    heapMb,
  } = options
  for (const [name, value] of Object.entries({ stallMs, heapMb }))
    if (value !== undefined && !(value > 0)) throw new TypeError(`${name} is a number greater than 0, not ${value}`)
  if (workers !== undefined && !(Number.isInteger(workers) && workers >= 1 && workers <= maxWorkers))
    throw new TypeError(`workers is a whole number from 1 to ${maxWorkers}, not ${workers}`)
  if (offloadThreads !== undefined && !(Number.isInteger(offloadThreads) && offloadThreads >= 1))
    throw new TypeError(`offloadThreads is a whole number above 0, not ${offloadThreads}`)
  if (poolThreadData() !== undefined)
    throw invalidOffload(
      'a file with an offloaded step runs a program, and every thread that loads it would do so again',
      'Move the step into a file that starts nothing',
    )
  signal?.throwIfAborted()
  const found = program instanceof URL ? await loadProgram(program) : programOf(program)
  if (found === undefined)
    throw invalid('run was given something that is no program', 'Write run(bind(pipeline, [...]))')
  const complete = completeBindings(found.pipeline, found.bindings)
  const live = await start(complete, {
    data,
    durability,
    once,
    follow: undefined,
    acceptTornRecords,
    workers,
    offloadThreads,
    stallMs,
    heapMb,
    notice: (text) => process.emitWarning(text, 'MillraceWarning'),
    reference: program instanceof URL ? { kind: 'url', href: program.href } : undefined,
  })
  if (signal !== undefined) await stopOn(signal, live)
  return live as Running
}

async function stopOn(signal: AbortSignal, live: LiveProgram): Promise<void> {
  const stop = (): void => void live.stop()
  if (signal.aborted) {
    await live.stop()
    signal.throwIfAborted()
  }
  signal.addEventListener('abort', stop, { once: true })
  live.onEnding = () => signal.removeEventListener('abort', stop)
}
