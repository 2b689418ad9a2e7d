/** What a program imports from 'millrace'. */

// State
export { entity } from './entity.ts'
export type { AnyEntity, Entity, EntityOptions, StateOf } from './entity.ts'
export { many } from './output.ts'
export type { Many } from './output.ts'
export type { Context, Staged } from './context.ts'
export type { Address, Gives, Handler, MessageOf, OutputFrom, To } from './handler.ts'

// Wiring
export { pipeline } from './pipeline.ts'
export type { Builder, Pipeline } from './pipeline.ts'
export { offload } from './offload.ts'
export type { Offloaded, OffloadOptions } from './offload.ts'
export type { FlowsOn, HandlerReturnsNothing, Keyed, Stream } from './stream.ts'

// Ends: what enters and leaves, by name
export { sink, source } from './ends.ts'
export type { Binding, Sink, Source } from './ends.ts'
export type { RealSink, RealSource } from './real-end.ts'
export { deadLetters } from './dead-letters.ts'
export type { DeadLetter } from './dead-letters.ts'
export { bind } from './bind.ts'
export type { Program } from './program.ts'

// Formats: how a value looks as bytes
export { binary, decoding, encoding, json, text } from './formats.ts'
export { msgpack } from './msgpack.ts'
export type { Decoder, Encoder, Format } from './formats.ts'
export type { Shape, Shaped } from './shape.ts'

// Running
export { run } from './run.ts'
export type { RunOptions } from './run.ts'
export type { Running, RunStats, Scaled } from './run/running.ts'

// Time and errors
export { days, hours, minutes, seconds } from './time.ts'
export { MillraceError } from '../runtime/base/errors.ts'
export type { ErrorCode } from '../runtime/base/errors.ts'
