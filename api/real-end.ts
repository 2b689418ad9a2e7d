import type { SaslOptions } from '../runtime/node/kafka/sasl-options.ts'
import type { SinkPort } from '../runtime/ports/sink.ts'
import type { SourcePartition } from '../runtime/ports/source.ts'
import type { reads, writes } from './phantom.ts'

/** Made by connectors (`millrace/files`), which carry bytes and know no types. */
export interface RealSource {
  readonly [reads]: true
}
export interface RealSink {
  readonly [writes]: true
}

export type Framing = 'lines' | 'u16' | 'u32'

/** What a real end is, for whoever runs the program and makes a port of it. */
export type RealEnd =
  | { readonly kind: 'file'; readonly path: string; readonly framing: Framing; readonly follow: boolean }
  | { readonly kind: 'list'; readonly values: readonly unknown[] }
  /** Standard input for a source, standard output for a sink. */
  | { readonly kind: 'stdio'; readonly framing: Framing }
  | KafkaEnd
  | PortEnd

/** Ports that somebody made. Each worker that needs one makes its own. */
interface PortEnd {
  readonly kind: 'port'
  /** What it is, for people. */
  readonly text: string
  openSource(source: string, wake: () => void): SourcePartition
  openSink(sink: string): SinkPort
}

/** A topic, with everything decided that is the same wherever it is used. */
export interface KafkaEnd {
  readonly kind: 'kafka'
  readonly topic: string
  readonly brokers: readonly string[]
  readonly clientId: string
  readonly ssl: true | TlsOptions | undefined
  readonly sasl: SaslOptions | undefined
  readonly from: 'earliest' | 'latest' | Date
  readonly isolation: 'read_committed' | 'read_uncommitted'
  readonly onExpired: 'fail' | 'skip'
  /** Undefined: named for the pipeline and the source. */
  readonly group: string | false | undefined
  readonly newPartitionsMs: number
  readonly guarantee: 'exactly-once' | 'idempotent' | 'at-least-once'
  /** Undefined: named for the pipeline, the sink and the topic. */
  readonly id: string | undefined
  readonly compression: 'none' | 'gzip'
  readonly latest: boolean
  readonly transactionTimeoutMs: number
}

/** As `tls.connect` of node:tls takes them: `{ ca, cert, key, ... }`. */
export type TlsOptions = Readonly<Record<string, unknown>>

const endKey: unique symbol = Symbol('millrace.realEnd')

export function hideRealEnd(end: RealEnd): RealSource & RealSink {
  return Object.freeze({ [endKey]: end }) as unknown as RealSource & RealSink
}

/** What stands behind a RealSource or RealSink. Undefined: it is something else. */
export function realEndOf(value: unknown): RealEnd | undefined {
  return (value as { [endKey]?: RealEnd } | null | undefined)?.[endKey]
}
