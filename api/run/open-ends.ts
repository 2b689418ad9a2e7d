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

export interface OpenEnds {
  /** With the position of their source in the plan. */
  readonly partitions: readonly { readonly source: number; readonly partition: SourcePartition }[]
  /** As the plan's sinks. */
  readonly sinks: readonly SinkPort[]
}

export interface OpenEndsOptions {
  readonly durability: 'disk' | 'process'
  readonly once: boolean
  /** Whether files are followed as they grow. Undefined: as the program says. */
  readonly follow: boolean | undefined
  /** False: sources are left alone. */
  readonly readSources: boolean
}

/** What ends have to tell while they are open. */
export interface EndsListener {
  wake(): void
  /** A source has one more partition. */
  added(source: number, partition: SourcePartition): void
}

/** Makes ports of a program's ends, and prepares their formats. If one cannot be made, the others are closed again. */
export async function openEnds(
  { plan, sources, sinks, formats }: CompleteProgram,
  options: OpenEndsOptions,
  listener: EndsListener,
): Promise<OpenEnds> {
  const partitions: { source: number; partition: SourcePartition }[] = []
  const ports: SinkPort[] = []
  const prepared = (source: number, partition: SourcePartition): SourcePartition => {
    const format = formats.sources[source]
    return format === undefined ? partition : new PreparedPartition(partition, format, () => listener.wake())
  }
  try {
    // Also where sources are left alone: records that were read before are decoded again when something is recovered.
    for (const format of new Set(formats.sources)) await format?.prepareReading()
    for (const format of new Set(formats.sinks)) await format?.prepareWriting()
    for (const [source, end] of (options.readSources ? sources : []).entries()) {
      const names = { pipeline: plan.name, end: plan.sources[source]!.name }
      const added = (partition: SourcePartition): void => listener.added(source, prepared(source, partition))
      for (const partition of await openSource(names, end, options, () => listener.wake(), added))
        partitions.push({ source, partition: prepared(source, partition) })
    }
    for (const [i, end] of sinks.entries()) {
      const names = { pipeline: plan.name, end: plan.sinks[i]!.name }
      ports.push(await openSink(names, end!, options.durability, i === plan.deadLetterSink))
    }
    return { partitions, sinks: ports }
  } catch (error) {
    // Nothing was read or written: what matters is why.
    await Promise.allSettled([
      ...partitions.map(({ partition }) => partition.close()),
      ...ports.map((port) => port.close()),
    ])
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
  { follow, once }: Pick<OpenEndsOptions, 'follow' | 'once'>,
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
    case 'port':
      return [end.openSource(source, wake)]
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
