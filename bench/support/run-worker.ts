import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compile } from '../../api/compile.ts'
import type { Pipeline } from '../../api/pipeline.ts'
import * as limits from '../../runtime/base/limits.ts'
import { createCodec } from '../../runtime/codec/codec.ts'
import { realClock } from '../../runtime/node/host/real-clock.ts'
import { WorkerHost } from '../../runtime/node/host/worker-host.ts'
import { openLevelStore } from '../../runtime/node/level/open-store.ts'
import type { SinkPort } from '../../runtime/ports/sink.ts'
import type { SourcePartition } from '../../runtime/ports/source.ts'
import { noBugs } from '../../runtime/shard/bugs.ts'
import { Worker } from '../../runtime/worker/worker.ts'

export interface Job {
  readonly pipeline: Pipeline
  readonly durability: 'disk' | 'process'
  readonly data: string
  /** By name of the source. */
  source(name: string, wake: () => void): SourcePartition
  sink?(name: string): SinkPort
  readonly cacheBytes?: number
  /** Called after every turn. */
  readonly watch?: (worker: Worker) => void
  /** Ends the run early. Default: when everything was read, committed and confirmed. */
  readonly until?: (worker: Worker) => boolean
}

export interface Outcome {
  readonly seconds: number
  /** From opening the store until the first output was handed to a sink. */
  readonly firstOutputMs: number
  /** The same until the first output of a record that this run has read: after a kill, those come first that are sent again. */
  readonly firstNewOutputMs: number
  readonly commits: number
  readonly outputs: number
  readonly handled: number
}

/** Runs a pipeline on one worker, over a real store, until it is done. */
export async function runWorker(job: Job): Promise<Outcome> {
  const plan = compile(job.pipeline)
  const begun = performance.now()
  const store = await openLevelStore({ path: job.data, durability: job.durability })
  let firstOutputMs = 0
  let firstNewOutputMs = 0
  let started = 0
  const wake = (): void => host.wake()
  const cacheBytes = job.cacheBytes ?? limits.defaultCacheBytes
  const sinks = plan.sinks.map(({ name }) => job.sink?.(name) ?? countingSink(name))
  const watched = sinks.map((sink) =>
    watchWrites(sink, () => {
      firstOutputMs ||= performance.now() - begun
      if (worker.counts.commits > 0) firstNewOutputMs ||= performance.now() - begun
    }),
  )
  const worker = new Worker(
    plan,
    createCodec(),
    {
      clock: realClock,
      store,
      partitions: plan.sources.map(({ name }, source) => ({ source, partition: job.source(name, wake) })),
      sinks: watched,
      wake,
    },
    {
      group: 0,
      shardCount: store.shardCount,
      ownerOf: () => 0,
      cacheBytes,
      windowBytes: limits.writeBackBytes(cacheBytes),
      maxBatchMessages: limits.maxBatchMessages,
      maxHops: limits.maxHops,
      tracing: false,
      bugs: noBugs,
      acceptTornRecords: false,
      recordsPerTick: 2_048,
      commitPauseMs: limits.commitPauseMs,
      smallBatchMessages: limits.smallBatchMessages,
    },
  )
  let done: (() => void) | undefined
  const finished = new Promise<void>((resolve) => {
    done = resolve
  })
  const until = job.until ?? ((one: Worker) => one.finished)
  const ticked = (): void => {
    if (started === 0 && worker.state === 'running') started = performance.now()
    job.watch?.(worker)
    if (worker.state === 'stopped') done!()
    else if (until(worker)) worker.drain()
  }
  const host = new WorkerHost(worker, realClock, { ticked })
  host.start()
  await finished
  const seconds = (performance.now() - started) / 1_000
  if (worker.error !== undefined) throw worker.error
  for (const sink of sinks) await sink.close()
  await store.close()
  return {
    seconds,
    firstOutputMs,
    firstNewOutputMs,
    commits: worker.counts.commits,
    outputs: worker.counts.outputs,
    handled: worker.group!.handledCount,
  }
}

export function countingSink(sink: string): SinkPort {
  return {
    sink,
    guarantee: 'at-least-once',
    open: (done) => void setImmediate(() => done(undefined, [])),
    write: (_batch, done) => void setImmediate(() => done(undefined)),
    async close() {},
  }
}

function watchWrites(sink: SinkPort, written: () => void): SinkPort {
  return {
    sink: sink.sink,
    guarantee: sink.guarantee,
    open: (done) => sink.open(done),
    write: (batch, done) => {
      written()
      sink.write(batch, done)
    },
    close: () => sink.close(),
  }
}

/** A new folder for one run, gone when `use` is done. */
export async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
  try {
    return await use(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
