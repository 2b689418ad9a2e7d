import { binary, decoding, entity, json, pipeline, sink, source, text } from 'millrace'
import type { Builder, Source } from 'millrace'
import { describe, expect, test } from 'vitest'
import { compile } from '../../api/compile.ts'

const lines = source('lines', text)
const out = sink('out', text)
const Word = entity('word', {
  state: () => ({ n: 0 }),
  on: { seen: (_, word: string) => word, again: (_, word: string) => word },
})

const of = (build: (p: Builder) => void): string => compile(pipeline('p', build)).sources[0]!.fingerprint
const ofSource = (origin: Source<string>): string => of(({ from }) => from(origin).into(out))

const base = of(({ from }) => {
  from(lines)
    .map((line) => line.trim())
    .keyBy((line) => line)
    .to(Word.seen)
})

describe('a fingerprint is the same', () => {
  test('for the same steps, laid out in another way', () => {
    // biome-ignore format: another layout is what is tested
    const other = of(({ from }) => { from(lines).map((line) =>
      line.trim()).keyBy((line) =>   line).to(Word.seen) })
    expect(other).toBe(base)
    expect(base).toMatch(/^[0-9a-f]{16}$/)
  })

  test('whatever comes behind an entity, and whatever other sources do', () => {
    const others = source('others', text)
    const more = of(({ from }) => {
      from(lines)
        .map((line) => line.trim())
        .keyBy((line) => line)
        .to(Word.seen)
        .map((word) => word.length)
        .map(String)
        .into(out)
      from(others)
        .keyBy((line) => line)
        .to(Word.again)
    })
    expect(more).toBe(base)
  })

  test('in whatever order the words of a branch are asked for', () => {
    const kinds = source(
      'kinds',
      json((raw) => raw as { kind: 'a' | 'b' }),
    )
    const sinks = sink(
      'kinds',
      json((raw) => raw),
    )
    const one = of(({ from }) => {
      const { a, b } = from(kinds).branch('kind')
      a.into(sinks)
      b.map((v) => v.kind).into(sinks)
    })
    const two = of(({ from }) => {
      const { b, a } = from(kinds).branch('kind')
      a.into(sinks)
      b.map((v) => v.kind).into(sinks)
    })
    expect(two).toBe(one)
  })
})

describe('a fingerprint differs', () => {
  const steps: Record<string, (p: Builder) => void> = {
    'when a step has another text': ({ from }) =>
      void from(lines)
        .map((line) => line.trimEnd())
        .keyBy((line) => line)
        .to(Word.seen),
    'when a key has another text': ({ from }) =>
      void from(lines)
        .map((line) => line.trim())
        .keyBy((line) => line[0]!)
        .to(Word.seen),
    'when a text inside a step has another blank': ({ from }) =>
      void from(lines)
        .map((line) => line.trim() + ' ')
        .keyBy((line) => line)
        .to(Word.seen),
    'when another handler is meant': ({ from }) =>
      void from(lines)
        .map((line) => line.trim())
        .keyBy((line) => line)
        .to(Word.again),
    'when a step is missing': ({ from }) =>
      void from(lines)
        .keyBy((line) => line)
        .to(Word.seen),
    'when a step is of another kind': ({ from }) =>
      void from(lines)
        .flatMap((line) => line.trim())
        .keyBy((line) => line)
        .to(Word.seen),
    'when there is one receiver more': ({ from }) => {
      const trimmed = from(lines).map((line) => line.trim())
      trimmed.keyBy((line) => line).to(Word.seen)
      trimmed.into(out)
    },
    'when a receiver is in another place': ({ from }) => {
      from(lines)
        .map((line) => line.trim())
        .into(out)
      from(lines)
        .keyBy((line) => line)
        .to(Word.seen)
    },
  }
  test.each(Object.entries(steps))('%s', (_, build) => {
    expect(of(build)).not.toBe(base)
  })

  test('when the source has another name, format or time', () => {
    const decode = (bytes: Uint8Array): string => String(bytes[0])
    const prints = [
      ofSource(lines),
      ofSource(source('other', text)),
      ofSource(source('lines', text, { time: (line) => Number(line) })),
      ofSource(
        source(
          'lines',
          json((raw) => raw as string),
        ),
      ),
      ofSource(
        source(
          'lines',
          json((raw) => String(raw)),
        ),
      ),
      ofSource(source('lines', decoding(decode))),
      ofSource(source('lines', binary({ decode: (bytes) => String(bytes[1]), encode: () => new Uint8Array() }))),
    ]
    expect(new Set(prints).size).toBe(prints.length)
  })
})
