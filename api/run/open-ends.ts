import { openFileSink } from '../../runtime/node/files/file-sink.ts'
import { openFileSource } from '../../runtime/node/files/file-source.ts'
import { openStdinSource } from '../../runtime/node/stdio/stdin-source.ts'
import { openStdoutSink } from '../../runtime/node/stdio/stdout-sink.ts'
import { openListSource } from '../../runtime/ports/list-source.ts'
import type { SinkPort } from '../../runtime/ports/sink.ts'
import type { SourcePartition } from '../../runtime/ports/source.ts'
import type { SourceEnd } from '../complete-bindings.ts'
import type { RealEnd } from '../real-end.ts'

export function openSource(source: string, end: SourceEnd, follow: boolean, wake: () => void): SourcePartition {
  switch (end.kind) {
    case 'file':
      return openFileSource({ source, path: end.path, framing: end.framing, follow, wake })
    case 'list':
      return openListSource({ source, records: end.records })
    case 'stdio':
      return openStdinSource({ source, framing: end.framing, wake })
  }
}

export function openSink(sink: string, end: RealEnd, durability: 'disk' | 'process'): SinkPort {
  switch (end.kind) {
    case 'file':
      return openFileSink({ sink, path: end.path, framing: end.framing, durability })
    case 'stdio':
      return openStdoutSink({ sink, framing: end.framing })
    case 'list':
      throw new TypeError(`sink ${JSON.stringify(sink)} is bound to a list`)
  }
}
