import type { RealSink, RealSource } from 'millrace'
import { hideRealEnd } from '../../api/real-end.ts'
import type { SinkPort } from '../../runtime/ports/sink.ts'
import type { SourcePartition } from '../../runtime/ports/source.ts'

/** A source that is read from a port of ours, opened by the worker that reads it. */
export function sourceEnd(text: string, open: (source: string, wake: () => void) => SourcePartition): RealSource {
  return hideRealEnd({ kind: 'port', text, openSource: open, openSink: () => wrongWay(text) })
}

/** A sink that writes to a port of ours. Other threads than the first open it too, and write nothing. */
export function sinkEnd(text: string, open: (sink: string) => SinkPort): RealSink {
  return hideRealEnd({ kind: 'port', text, openSource: () => wrongWay(text), openSink: open })
}

function wrongWay(text: string): never {
  throw new TypeError(`${text} was bound the wrong way round`)
}
