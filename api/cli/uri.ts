import { fileURLToPath } from 'node:url'
import { MillraceError, messageOf } from '../../runtime/base/errors.ts'
import { type KafkaOptions, kafkaEnd } from '../kafka.ts'
import type { Framing, RealEnd } from '../real-end.ts'

const framings: readonly string[] = ['lines', 'u16', 'u32']

/**
 * A real end as it is written on the command line: a path, `file:PATH?framing=u16`, `kafka://HOST:PORT/TOPIC?from=latest`, or `-`.
 * Throws MR_URI_INVALID.
 */
export function parseUri(uri: string): RealEnd {
  const [, scheme, rest] = /^([a-z][a-z0-9+.-]+):(.*)$/is.exec(uri) ?? []
  if (uri === '') throw invalidUri(uri, 'is empty')
  if (uri === '-') return { kind: 'stdio', framing: 'lines' }
  if (uri.startsWith('-?')) return { kind: 'stdio', framing: framingOf(uri, uri.slice(2)) }
  if (scheme === undefined) return { kind: 'file', path: uri, framing: 'lines', follow: false }
  if (scheme.toLowerCase() === 'kafka') return topicOf(uri, rest!)
  if (scheme.toLowerCase() !== 'file')
    throw invalidUri(uri, `has the scheme ${JSON.stringify(scheme)}, which nothing here reads`)
  const query = rest!.indexOf('?')
  const path = pathOf(uri, query < 0 ? rest! : rest!.slice(0, query))
  return { kind: 'file', path, framing: query < 0 ? 'lines' : framingOf(uri, rest!.slice(query + 1)), follow: false }
}

function pathOf(uri: string, path: string): string {
  if (path === '') throw invalidUri(uri, 'has no path')
  try {
    return path.startsWith('//') ? fileURLToPath(`file:${path}`) : decodeURIComponent(path)
  } catch (cause) {
    throw invalidUri(uri, `has a path that cannot be read (${messageOf(cause)})`)
  }
}

function framingOf(uri: string, query: string): Framing {
  const [name, framing = '', ...more] = query.split(/[=&]/)
  if (name !== 'framing' || more.length > 0)
    throw invalidUri(uri, `has ${JSON.stringify(query)} behind its "?", where only framing=... can be`)
  if (!framings.includes(framing)) throw invalidUri(uri, `has the framing ${JSON.stringify(framing)}`)
  return framing as Framing
}

const topicOptions = [
  'clientId',
  'from',
  'isolation',
  'onExpired',
  'group',
  'guarantee',
  'id',
  'compression',
  'latest',
  'ssl',
] as const

/** `rest` is what follows `kafka:`. */
function topicOf(uri: string, rest: string): RealEnd {
  const [, brokers = '', topic = '', query = ''] = /^\/\/([^/?]*)\/([^/?]*)(?:\?(.*))?$/.exec(rest) ?? []
  const options: Record<string, unknown> = { topic: decodeURIComponent(topic), brokers: brokers.split(',') }
  for (const [name, value] of new URLSearchParams(query)) {
    if (!topicOptions.some((known) => known === name))
      throw invalidUri(uri, `has ${JSON.stringify(name)} behind its "?", where ${topicOptions.join(', ')} can be`)
    if (name === 'ssl' || name === 'latest') options[name] = true
    else if (name === 'group' && value === '') options['group'] = false
    else if (name === 'from' && /^\d/.test(value)) options['from'] = new Date(value)
    else options[name] = value
  }
  try {
    return kafkaEnd(options as unknown as KafkaOptions)
  } catch (cause) {
    throw invalidUri(uri, `cannot be a topic (${messageOf(cause)})`)
  }
}

function invalidUri(uri: string, what: string): MillraceError {
  return new MillraceError('MR_URI_INVALID', `${JSON.stringify(uri)} ${what}`, {
    next:
      'Write a path such as data/quotes.ndjson (one record a line), file:data/quotes.bin?framing=u16 (or u32: a big-endian length ' +
      'in front of each record), kafka://localhost:9092/quotes?from=latest, or - for standard input or output. A path with a colon begins with ./',
  })
}
