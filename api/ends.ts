import type { BindingDefinition, SinkDefinition, SourceDefinition } from './end-definition.ts'
import { hideBinding, hideSink, hideSource } from './end-definition.ts'
import { textOfDecoder } from './format-text.ts'
import type { Decoder, Encoder } from './formats.ts'
import type { Gives } from './place.ts'
import { checkName, invalid } from './invalid.ts'
import type { bound, takes } from './phantom.ts'
import { preparedOf } from './prepared.ts'
import type { RealEnd, RealSink, RealSource } from './real-end.ts'
import { realEndOf } from './real-end.ts'

export interface Source<out T> extends Gives<T> {
  readonly name: string
  /** Which real end this is: a topic, a file, a socket, or simply a list. The values of a list are taken as they are, without the format. */
  from(real: RealSource | readonly T[]): Binding
}

export interface Sink<in T> {
  readonly name: string
  readonly [takes]: (value: T) => void
  to(real: RealSink): Binding
}

/** One end of a pipeline, and the real thing that it is. */
export interface Binding {
  readonly [bound]: 'binding'
  readonly end: string
}

/** What enters, by name. */
export function source<T>(
  name: string,
  format: Decoder<T>,
  options: {
    /** Event time in ms. Without it: the time the connector gives, or the time of arrival. */
    time?: (value: Readonly<NoInfer<T>>) => number
  } = {},
): Source<T> {
  checkName('a source', name)
  if (typeof format?.decode !== 'function') {
    throw invalid(
      `source ${JSON.stringify(name)} has no format that decodes`,
      'Give it one: json((raw) => raw as Quote), text, or decoding((bytes) => ...)',
    )
  }
  const definition: SourceDefinition = {
    name,
    decode: (bytes) => format.decode(bytes),
    decodeText: textOfDecoder(format),
    time: options.time as SourceDefinition['time'],
    key: format.key,
    prepared: preparedOf(format),
  }
  const source = {
    name,
    from(real: RealSource | readonly T[]): Binding {
      const end: RealEnd | undefined = Array.isArray(real) ? { kind: 'list', values: real } : realEndOf(real)
      if (end !== undefined) return binding(name, { kind: 'source', source: definition, real: end })
      throw invalid(
        `source ${JSON.stringify(name)} is bound to something that cannot be read`,
        `Write .from(file('in.ndjson')), or .from([...]) for a list of values`,
      )
    },
  }
  hideSource(source, definition)
  return Object.freeze(source) as unknown as Source<T>
}

/** What leaves, by name. */
export function sink<T>(
  name: string,
  format: Encoder<T>,
  options: {
    /** The key of a record: of the Kafka record, the row, the channel. */
    key?: (value: NoInfer<T>) => string
  } = {},
): Sink<T> {
  checkName('a sink', name)
  if (typeof format?.encode !== 'function') {
    throw invalid(
      `sink ${JSON.stringify(name)} has no format that encodes`,
      'Give it one: json((raw) => raw as Quote), text, or encoding((value) => ...)',
    )
  }
  const definition: SinkDefinition = {
    name,
    encode: (value) => format.encode(value as T),
    key: options.key as SinkDefinition['key'],
    prepared: preparedOf(format),
  }
  const sink = {
    name,
    to(real: RealSink): Binding {
      const end = realEndOf(real)
      if (end !== undefined) return binding(name, { kind: 'sink', sink: definition, real: end })
      throw invalid(
        `sink ${JSON.stringify(name)} is bound to something that cannot be written`,
        `Write .to(file('out.ndjson'))`,
      )
    },
  }
  hideSink(sink, definition)
  return Object.freeze(sink) as unknown as Sink<T>
}

function binding(end: string, definition: BindingDefinition): Binding {
  const binding = { end }
  hideBinding(binding, definition)
  return Object.freeze(binding) as unknown as Binding
}
