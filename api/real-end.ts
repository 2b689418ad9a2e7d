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

const endKey: unique symbol = Symbol('millrace.realEnd')

export function hideRealEnd(end: RealEnd): RealSource & RealSink {
  return Object.freeze({ [endKey]: end }) as unknown as RealSource & RealSink
}

/** What stands behind a RealSource or RealSink. Undefined: it is something else. */
export function realEndOf(value: unknown): RealEnd | undefined {
  return (value as { [endKey]?: RealEnd } | null | undefined)?.[endKey]
}
