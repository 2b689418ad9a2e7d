import { openFileSink } from '../../runtime/node/files/file-sink.ts'
import { openFileSource } from '../../runtime/node/files/file-source.ts'
import { openStdinSource } from '../../runtime/node/stdio/stdin-source.ts'
import { openStdoutSink } from '../../runtime/node/stdio/stdout-sink.ts'
import { openListSource } from '../../runtime/ports/list-source.ts'
import type { SinkPort } from '../../runtime/ports/sink.ts'
import type { SourcePartition } from '../../runtime/ports/source.ts'
import type { CompleteProgram, SourceEnd } from '../complete-bindings.ts'
import type { RealEnd } from '../real-end.ts'
import type { OffloadDesk } from './offload/desk.ts'
import { offloadedPartition } from './offload/offloaded-partition.ts'
import { PreparedPartition } from './prepared-partition.ts'

export interface OpenPartition {
  /** The position of its source in the plan. */
  readonly source: number
  readonly partition: SourcePartition
}

export interface ReadOptions {
  readonly once: boolean
  /** Whether files are followed as they grow. Undefined: as the program says. */
  readonly follow: boolean | undefined
  /** Undefined: no source has offloaded steps. */
  readonly desk: OffloadDesk | undefined
  /** Which partitions are read here, and which by other workers. */
  readonly reads: (source: number, partition: number) => boolean
}

/** What ends have to tell while they are open. */
export interface EndsListener {
  wake(): void
  /** A source has one more partition. */
  added(source: number, partition: SourcePartition): void
  /** Is open until the end, although no partition holds it. */
  keep(open: { close(): Promise<void> }): void
}

/** Fetches what formats need. Also where nothing will be read: records that were read before are decoded again when something is recovered. */
export async function prepareFormats({ formats }: CompleteProgram): Promise<void> {
  for (const format of new Set(formats.sources)) await format?.prepareReading()
  for (const format of new Set(formats.sinks)) await format?.prepareWriting()
}

/** The partitions of all sources, as ports. If one cannot be opened, the others are closed again. */
export async function openPartitions(
  { plan, sources, formats }: CompleteProgram,
  options: ReadOptions,
  listener: EndsListener,
): Promise<OpenPartition[]> {
  const partitions: OpenPartition[] = []
  const prepared = (source: number, partition: SourcePartition): SourcePartition => {
    const format = formats.sources[source]
    const wake = (): void => listener.wake()
    const decodable = format === undefined ? partition : new PreparedPartition(partition, format, wake)
    return offloadedPartition(options.desk, source, decodable, wake)
  }
  try {
    for (const [source, end] of sources.entries()) {
      const names = { pipeline: plan.name, end: plan.sources[source]!.name }
      const opened = await openSource(names, end, {
        ...options,
        reads: (partition) => options.reads(source, partition),
        wake: () => listener.wake(),
        added: (partition) => listener.added(source, prepared(source, partition)),
        keep: (open) => listener.keep(open),
      })
      for (const partition of opened) partitions.push({ source, partition: prepared(source, partition) })
    }
    return partitions
  } catch (error) {
    // Nothing was read: what matters is why.
    await Promise.allSettled(partitions.map(({ partition }) => partition.close()))
    throw error
  }
}

/** The sinks of a plan, in its order, as ports. If one cannot be made, the others are closed again. */
export async function openSinks(
  { plan, sinks }: CompleteProgram,
  durability: 'disk' | 'process',
): Promise<readonly SinkPort[]> {
  const ports: SinkPort[] = []
  try {
    for (const [i, end] of sinks.entries()) {
      const names = { pipeline: plan.name, end: plan.sinks[i]!.name }
      ports.push(await openSink(names, end!, durability, i === plan.deadLetterSink))
    }
    return ports
  } catch (error) {
    // Nothing was written: what matters is why.
    await Promise.allSettled(ports.map((port) => port.close()))
    throw error
  }
}

/** Of a pipeline, and of its source or sink. */
export interface Names {
  readonly pipeline: string
  readonly end: string
}

export interface SourceOptions extends Pick<ReadOptions, 'follow' | 'once'> {
  reads(partition: number): boolean
  wake(): void
  /** Told of partitions that come later. */
  added(partition: SourcePartition): void
  keep(open: { close(): Promise<void> }): void
}

/** The partitions of a source that are there, of those that are read here. Files, lists and standard input are one partition. */
export async function openSource(
  { pipeline, end: source }: Names,
  end: SourceEnd,
  { follow, once, reads, wake, added, keep }: SourceOptions,
): Promise<SourcePartition[]> {
  if (end.kind === 'kafka') {
    const { openTopicSource } = await import('./open-topics.ts')
    return await openTopicSource(end, { pipeline, source, follow: follow ?? !once, reads, wake, added, keep })
  }
  if (!reads(0)) return []
  switch (end.kind) {
    case 'file': {
      const { path, framing } = end
      return [openFileSource({ source, path, framing, follow: follow ?? end.follow, wake })]
    }
    case 'list':
      return [openListSource({ source, records: end.records })]
    case 'stdio':
      return [openStdinSource({ source, framing: end.framing, wake })]
    case 'port':
      return [end.openSource(source, wake)]
  }
}

async function openSink(
  { pipeline, end: sink }: Names,
  end: RealEnd,
  durability: 'disk' | 'process',
  holdsLetters: boolean,
): Promise<SinkPort> {
  switch (end.kind) {
    case 'file':
      return openFileSink({ sink, path: end.path, framing: end.framing, durability })
    case 'stdio':
      return openStdoutSink({ sink, framing: end.framing })
    case 'port':
      return end.openSink(sink)
    case 'kafka': {
      const { openTopicSink } = await import('./open-topics.ts')
      return await openTopicSink(end, { pipeline, sink, holdsLetters })
    }
    case 'list':
      throw new TypeError(`sink ${JSON.stringify(sink)} is bound to a list`)
  }
}
