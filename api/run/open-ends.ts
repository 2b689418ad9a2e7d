import { openFileSink } from '../../runtime/node/files/file-sink.ts'
import { openFileSource } from '../../runtime/node/files/file-source.ts'
import { openStdinSource } from '../../runtime/node/stdio/stdin-source.ts'
import { openStdoutSink } from '../../runtime/node/stdio/stdout-sink.ts'
import { openListSource } from '../../runtime/ports/list-source.ts'
import type { SinkPort } from '../../runtime/ports/sink.ts'
import type { SourcePartition } from '../../runtime/ports/source.ts'
import type { CompleteProgram, SourceEnd } from '../complete-bindings.ts'
import type { RealEnd } from '../real-end.ts'
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
}

/** What ends have to tell while they are open. */
export interface EndsListener {
  wake(): void
  /** A source has one more partition. */
  added(source: number, partition: SourcePartition): void
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
    return format === undefined ? partition : new PreparedPartition(partition, format, () => listener.wake())
  }
  try {
    for (const [source, end] of sources.entries()) {
      const names = { pipeline: plan.name, end: plan.sources[source]!.name }
      const added = (partition: SourcePartition): void => listener.added(source, prepared(source, partition))
      for (const partition of await openSource(names, end, options, () => listener.wake(), added))
        partitions.push({ source, partition: prepared(source, partition) })
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

/** The partitions of a source that are there; `added` is told of those that come later. */
export async function openSource(
  { pipeline, end: source }: Names,
  end: SourceEnd,
  { follow, once }: ReadOptions,
  wake: () => void,
  added: (partition: SourcePartition) => void,
): Promise<SourcePartition[]> {
  switch (end.kind) {
    case 'file': {
      const { path, framing } = end
      return [openFileSource({ source, path, framing, follow: follow ?? end.follow, wake })]
    }
    case 'list':
      return [openListSource({ source, records: end.records })]
    case 'stdio':
      return [openStdinSource({ source, framing: end.framing, wake })]
    case 'kafka': {
      const { openTopicSource } = await import('./open-topics.ts')
      return await openTopicSource(end, { pipeline, source, follow: follow ?? !once, wake, added })
    }
  }
}

export async function openSink(
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
    case 'kafka': {
      const { openTopicSink } = await import('./open-topics.ts')
      return await openTopicSink(end, { pipeline, sink, holdsLetters })
    }
    case 'list':
      throw new TypeError(`sink ${JSON.stringify(sink)} is bound to a list`)
  }
}
