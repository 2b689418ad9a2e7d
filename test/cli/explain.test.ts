import type { Binding } from 'millrace'
import { entity, json, pipeline, sink, source, text } from 'millrace'
import { file } from 'millrace/files'
import { describe, expect, test } from 'vitest'
import { bindByName, boundEnds } from '../../api/bind.ts'
import { explain } from '../../api/cli/explain.ts'
import { millrace, program } from './support/command.ts'

const lines = source('lines', text)
const out = sink('out', text)
const alarms = sink(
  'alarms',
  json((raw) => raw as string),
)
const Word = entity('word', {
  state: () => ({ count: 0 }),
  ttlMs: 5_000,
  onError: { retry: 2, then: 'stop' },
  on: {
    seen: (word, text: string) => `${text} ${(word.count += 1)}`,
    tell: (_, text: string) => text,
  },
})
const words = pipeline('words', ({ from }) => {
  const seen = from(lines)
    .keyBy((line) => line)
    .to(Word.seen)
  seen.into(out)
  from(Word.tell).into(alarms)
})
const stdio = { kind: 'stdio', framing: 'lines' } as const

function pathsOf(bindings: readonly Binding[]): string[] {
  const all = explain(boundEnds(words, bindings))
  return all.slice(all.lastIndexOf('') + 1)
}

describe('explain', () => {
  test('files at both ends: effectively-once', () => {
    expect(pathsOf([lines.from(file('in')), out.to(file('out')), alarms.to(file('alarms'))])).toEqual([
      'lines -> word.seen -> out: effectively-once',
      '  no link is weak: positions are committed together with what they caused',
      'messages and timers -> word.tell -> alarms: effectively-once',
      '  no link is weak: positions are committed together with what they caused',
    ])
  })

  test('the weakest link is named, and why', () => {
    const paths = pathsOf([bindByName(words, 'source', 'lines', stdio), bindByName(words, 'sink', 'alarms', stdio)])
    expect(paths[0]).toBe('lines -> word.seen -> out: depends on what is bound')
    expect(paths[1]).toContain('source "lines" is standard input, which cannot be read again')
    expect(paths[2]).toContain('sink "out" is bound to nothing yet')
    expect(paths[3]).toBe('messages and timers -> word.tell -> alarms: at-least-once')
    expect(paths[4]).toContain('sink "alarms" is standard output, which does not remember what it has')
  })

  test('a sink that is a port says itself what it promises', () => {
    const port = {
      kind: 'port',
      text: 'a port of ours',
      openSource: () => expect.unreachable(),
      openSink: () => expect.unreachable(),
    } as const
    const paths = pathsOf([lines.from(['a']), bindByName(words, 'sink', 'out', port), alarms.to(file('alarms'))])
    expect(paths[0]).toBe('lines -> word.seen -> out: depends on what is bound')
    expect(paths[1]).toContain('sink "out" is a port of ours, which says what it promises when it is opened')
    expect(explain(boundEnds(words, [bindByName(words, 'sink', 'out', port)])).join('\n')).toContain('a port of ours')
  })

  test('entities and ends are listed', () => {
    expect(explain(boundEnds(words, [lines.from(['a'])])).join('\n')).toContain(
      [
        'sources:',
        '  lines  a list of 1 values',
        '',
        'sinks:',
        '  out     not bound',
        '  alarms  not bound',
        '',
        'entities:',
        '  word  handles seen, tell; forgotten 5000 ms after its last message; on error: 2 more tries, then stop',
      ].join('\n'),
    )
  })

  test('from the command line', async () => {
    const { code, stdout } = await millrace(
      'explain',
      program('careful-orders'),
      '--in',
      'items=in.ndjson',
      '--out',
      'totals=-',
    )
    expect(code).toBe(0)
    expect(stdout).toContain('items -> customer.spend -> totals: at-least-once\n')
  }, 60_000)
})
