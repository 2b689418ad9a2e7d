/**
 * What a program compiles to: tables and functions. `api/` makes a plan from entities and pipelines; the runtime runs it
 * and never sees the builder. Everything durable is known by name; the numbers are positions in these tables, valid for
 * one run (the store's catalog maps names to the numbers that are written to disk).
 */
export interface Plan {
  readonly name: string
  readonly entities: readonly EntityPlan[]
  /** Every place a message can be for: one default route per handler, and one per `.to(...)` of a pipeline. */
  readonly routes: readonly RoutePlan[]
  readonly sources: readonly SourcePlan[]
  readonly sinks: readonly SinkPlan[]
  /** Where dead letters go; undefined: they are kept in the store. */
  readonly deadLetterSink: number | undefined
  /** The default route of a handler, by what the user names it with: the handler's function itself. */
  readonly routeOf: ReadonlyMap<unknown, number>
}

/** What becomes of a message whose handler throws. `dead-letter` is the default. */
export interface ErrorPolicy {
  readonly retries: number
  readonly delayMs: number
  readonly then: 'dead-letter' | 'stop'
}

export interface EntityPlan {
  /** Its name on disk and on the wire. */
  readonly name: string
  create(): object
  readonly createActivity: (() => object) | undefined
  /** Version of the state's shape: 1 + number of upcasts. */
  readonly version: number
  /** `upcasts[v - 1]` turns version v into v + 1. */
  readonly upcasts: readonly ((old: unknown) => unknown)[]
  readonly ttlMs: number | undefined
  readonly onError: ErrorPolicy
}

export type HandlerFunction = (state: object, message: unknown, context: object) => unknown

export interface RoutePlan {
  /** Stable name of the way a message takes: `entity.handler`, or `origin>entity.handler` behind a pipeline's `.to(...)`. */
  readonly name: string
  readonly entity: number
  readonly handler: string
  readonly run: HandlerFunction
  /** Where what the handler returns flows on to. Undefined: nobody listens. */
  readonly outputs: Flow | undefined
}

/** Pure steps, ending in entities and sinks. May throw what a user's step throws. */
export type Flow = (value: unknown, out: FlowOut) => void

export interface FlowOut {
  /** `key` is checked by the receiver of this call: it may be anything a user's keyBy returned. */
  toEntity(route: number, key: string, value: unknown): void
  toSink(sink: number, value: unknown): void
}

export interface SourcePlan {
  readonly name: string
  decode(bytes: Uint8Array): unknown
  /** Event time in ms. Undefined: the time the connector gives. */
  readonly time: ((value: unknown) => number) | undefined
  readonly flow: Flow
  /** Whether a record may go to another group as it came: it leads to one message or output at the most, and its bytes say it all. */
  readonly forwards: boolean
  /**
   * Reads from a record's bytes the key of everything that it leads to, so that it is sent on without being decoded. Undefined: only
   * the steps know.
   */
  readonly key: ((bytes: Uint8Array) => string) | undefined
  /** Names the pure steps between this source and its first keyBy: RULE 8. */
  readonly fingerprint: string
}

export interface SinkPlan {
  readonly name: string
  encode(value: unknown): Uint8Array | string
  readonly key: ((value: unknown) => string) | undefined
}

/** Several outputs from one message: what `many(list)` returns. */
export class Several {
  readonly values: Iterable<unknown>
  constructor(values: Iterable<unknown>) {
    this.values = values
  }
}

/** One handler of one entity, as data that survives being stored and sent. */
export interface AddressData {
  readonly entity: string
  readonly handler: string
  readonly key: string
}
