import { join } from 'node:path'
import { compile } from '../../../api/compile.ts'
import { workerOptions } from '../../../api/run/worker-options.ts'
import { createCodec } from '../../../runtime/codec/codec.ts'
import { openFileSink } from '../../../runtime/node/files/file-sink.ts'
import { openFileSource } from '../../../runtime/node/files/file-source.ts'
import type { ProcessLinks } from '../../../runtime/node/grpc/process-links.ts'
import { realClock } from '../../../runtime/node/host/real-clock.ts'
import { WorkerHost } from '../../../runtime/node/host/worker-host.ts'
import { openLevelStore } from '../../../runtime/node/level/open-store.ts'
import { Worker } from '../../../runtime/worker/worker.ts'
import { talliesPipeline } from './tallies.ts'

export const shardCount = 16
const plan = compile(talliesPipeline)

export const inputOf = (folder: string, group: number): string => join(folder, `lines-${group}`)
export const outputOf = (folder: string, group: number): string => join(folder, `tallies-${group}`)

/** A group with its store, its own input if there is one, and its own output, in files of its own that it takes along. */
export interface RunningGroup {
  readonly worker: Worker
  /** Goes as soon as nothing is under way here, whatever others still have for it. */
  leave(): Promise<void>
}

export async function runGroup(
  group: number,
  groupCount: number,
  folder: string,
  links: ProcessLinks,
): Promise<RunningGroup> {
  const store = await openLevelStore({
    path: join(folder, `data-${group}`),
    shardCount,
    groupCount,
    durability: 'process',
  })
  const wake = (): void => host.wake()
  const reads = {
    source: `lines-${group}`,
    path: inputOf(folder, group),
    framing: 'lines',
    follow: true,
    wake,
  } as const
  const partitions = group < plan.sources.length ? [{ source: group, partition: openFileSource(reads) }] : []
  const sink = openFileSink({
    sink: 'tallies',
    path: outputOf(folder, group),
    framing: 'lines',
    durability: 'process',
  })
  const groups = Array.from({ length: groupCount }, (_, other) => other).filter((other) => other !== group)
  const worker = new Worker(
    plan,
    createCodec(),
    {
      clock: realClock,
      store,
      partitions,
      sinks: [sink],
      links: { port: links.join(group, wake), groups },
      wake,
    },
    workerOptions({ group, groupCount, shardCount, acceptTornRecords: false }),
  )
  let stopped!: () => void
  const done = new Promise<void>((resolve) => {
    stopped = resolve
  })
  const ticked = (): void => {
    if (worker.state === 'stopped') stopped()
  }
  const host = new WorkerHost(worker, realClock, { hasLinks: true, ticked })
  host.start()
  done.then(
    () => {
      if (worker.error !== undefined) throw worker.error
    },
    () => {},
  )
  return {
    worker,
    leave: async () => {
      worker.drain()
      worker.leave()
      await done
      links.leave(group)
      for (const { partition } of partitions) await partition.close()
      await sink.close()
      await store.close()
    },
  }
}
