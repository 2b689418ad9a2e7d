import { entity, pipeline, sink, source, text } from 'millrace'
import type { Builder, Source, Stream } from 'millrace'
import { file } from 'millrace/files'
import { describe, expect, test } from 'vitest'
import { anything, failure } from './failure.ts'

const lines = source('lines', text)
const out = sink('out', text)
const Word = entity('word', { state: () => ({ n: 0 }), on: { seen: (_, word: string) => word } })
const make = (build: (p: Builder) => unknown) => pipeline('p', build as (p: Builder) => void)

describe('a program that cannot be run says what to write instead', () => {
  let stolen: Stream<string> | undefined
  const other = make(({ from }) => {
    stolen = from(lines)
  })
  const Twin = entity('word', { state: () => ({ m: 0 }), on: { seen: (_, word: string) => word } })
  const toWord =
    (origin: Source<string>, place = Word.seen) =>
    (p: Builder) =>
      void p
        .from(origin)
        .keyBy((line) => line)
        .to(place)

  const cases: [string, () => unknown, RegExp][] = [
    [
      'two entities of one name',
      () => make((p) => [toWord(lines)(p), toWord(lines, anything(Twin.seen))(p)]),
      /two entities called "word"\. .*rename one of them/,
    ],
    [
      'two entities of one name, the other way round',
      () => make((p) => [toWord(lines, anything(Twin.seen))(p), toWord(lines)(p)]),
      /two entities called "word"\. .*rename one of them/,
    ],
    [
      'an entity used, and another of its name reached',
      () => make((p) => [p.use(Twin), toWord(lines)(p)]),
      /two entities called "word"/,
    ],
    [
      'two sources of one name',
      () => make((p) => [p.from(lines), p.from(source('lines', text))]),
      /two sources called "lines"\. Rename/,
    ],
    [
      'two sinks of one name',
      () => make((p) => p.from(lines).into(out, sink('out', text))),
      /two sinks called "out"\. Rename/,
    ],
    [
      'a key that leads nowhere',
      () => make((p) => p.from(lines).keyBy((line) => line.trim())),
      /keyBy\(\(line\) => line\.trim\(\)\) that leads nowhere\. Write \.to/,
    ],
    [
      'a stream of another pipeline',
      () => [other, make((p) => p.from(lines).merge(stolen!).into(out))],
      /merges a stream of pipeline "p"/,
    ],
    [
      'a stream used when its pipeline is made',
      () => [other, stolen!.map((line) => line)],
      /changed after it was made\. Write all of it inside/,
    ],
    ['an async pipeline', () => make(async () => {}), /built by an async function\. Leave out the async/],
    [
      'a handler without key',
      () => make((p) => p.from(lines).to(anything(Word.seen))),
      /Write \.keyBy\(\(value\) => value\.id\) before/,
    ],
    [
      'a message to no handler',
      () =>
        make((p) =>
          p
            .from(lines)
            .keyBy((line) => line)
            .to(anything(Word)),
        ),
      /no handler\. Write \.to\(Account\.deposit\)/,
    ],
    ['from a sink', () => make((p) => p.from(anything(out))), /gives no values\. Give it a source, or a handler/],
    ['into a source', () => make((p) => p.from(lines).into(anything(lines))), /no sink\. Write/],
    ['use of a handler', () => make((p) => p.use(anything(Word.seen))), /no entity\. Write use\(Stock\)/],
    ['merge with nothing', () => make((p) => p.from(lines).merge(anything(undefined))), /no stream\. Write/],
    ['a step that is no function', () => make((p) => p.from(lines).map(anything('trim'))), /map was given no function/],
    ['a nameless pipeline', () => pipeline('', () => {}), /a pipeline has no name\. Give it one/],
    ['a nameless entity', () => entity('', { state: () => ({ n: 0 }), on: {} }), /an entity has no name/],
    ['a nameless source', () => source('', text), /a source has no name/],
    ['a nameless sink', () => sink('', text), /a sink has no name/],
    ['a name for the command line to stumble over', () => source('a=b', text), /cannot be used\. Leave out/],
    ['a long name', () => sink('x'.repeat(129), text), /129 characters\. Use at most 128/],
    [
      'a handler with a dot',
      () => entity('e', { state: () => ({ n: 0 }), on: { 'a.b': () => {} } }),
      /plain name without dots/,
    ],
    [
      'a handler that is no function',
      () => entity('e', { state: () => ({ n: 0 }), on: anything({ a: 1 }) }),
      /handler e\.a is not a function/,
    ],
    ['an entity without state', () => entity('e', anything({ on: {} })), /no state\. Write state/],
    ['an entity without handlers', () => entity('e', anything({ state: () => ({}) })), /no handlers\. Write on/],
    ['a ttl of nothing', () => entity('e', { state: () => ({ n: 0 }), ttlMs: 0, on: {} }), /ttlMs of 0\. Give a time/],
    [
      'half a retry',
      () => entity('e', { state: () => ({ n: 0 }), onError: { retry: 0.5, then: 'stop' }, on: {} }),
      /onError that cannot be followed/,
    ],
    ['a source that cannot decode', () => source('s', anything({})), /no format that decodes\. Give it one/],
    ['a sink that cannot encode', () => sink('s', anything({})), /no format that encodes/],
    ['a source bound to nothing', () => lines.from(anything(undefined)), /cannot be read\. Write \.from\(file/],
    ['a sink bound to a list', () => out.to(anything([])), /cannot be written\. Write \.to\(file/],
    ['a file without path', () => file(''), /a file has no path/],
    ['a framing that is none', () => file('f', { framing: anything('csv') }), /framing of "csv"\. Use/],
  ]
  test.each(cases)('%s', (_, run, message) => {
    const error = failure(run)
    expect(error.code).toBe('MR_PROGRAM_INVALID')
    expect(error.certain).toBe(true)
    expect(error.message).toMatch(message)
  })

  test('pipelines do not mix', () => {
    let first: Stream<string> | undefined
    make((p) => {
      first = p.from(lines)
      const error = failure(() => pipeline('q', (q) => q.from(lines).merge(first!).into(out)))
      expect(error.message).toBe(
        'MR_PROGRAM_INVALID: pipeline "q" merges a stream of pipeline "p". Take the stream from the from(...) of this pipeline',
      )
    })
  })
})
