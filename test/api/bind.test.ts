import { bind, deadLetters, json, pipeline, sink, source, text } from 'millrace'
import type { Binding, Builder } from 'millrace'
import { file } from 'millrace/files'
import { describe, expect, test } from 'vitest'
import { bindByName, rebind } from '../../api/bind.ts'
import { completeBindings } from '../../api/complete-bindings.ts'
import { anything, failure } from './failure.ts'

const lines = source('lines', text)
const out = sink('out', text)
const make = (build: (p: Builder) => void) => pipeline('p', build)

describe('every end is bound once', () => {
  const copy = make(({ from }) => from(lines).into(out))
  const all: Binding[] = [lines.from(file('in.txt')), out.to(file('out.txt'))]

  test('and then the program is complete', () => {
    const { plan, sources, sinks } = completeBindings(copy, all)
    expect(plan.name).toBe('p')
    expect(sources).toEqual([{ kind: 'file', path: 'in.txt', framing: 'lines', follow: false }])
    expect(sinks).toEqual([{ kind: 'file', path: 'out.txt', framing: 'lines', follow: false }])
    expect(bind(copy, all).pipeline).toBe(copy)
  })

  test('what is missing is named, with the ways to bind it', () => {
    expect(failure(() => completeBindings(copy, [])).message).toBe(
      'MR_END_UNBOUND: source "lines" and sink "out" of pipeline "p" are bound to nothing. ' +
        'Add .from(...) or .to(...) of it to bind(pipeline, [...]), or run with --in lines=FILE --out out=FILE',
    )
    expect(failure(() => completeBindings(copy, [all[1]!])).message).toContain(
      'source "lines" of pipeline "p" is bound',
    )
    expect(failure(() => completeBindings(copy, [], { sinks: 'optional' })).message).not.toContain('sink "out"')
    expect(completeBindings(copy, [all[0]!], { sinks: 'optional' }).sinks).toEqual([undefined])
  })

  test('a program may be bound in part, to be completed on the command line', () => {
    const program = bind(copy, [all[0]!])
    const rest = bindByName(program.pipeline, 'sink', 'out', { kind: 'file', path: 'x', framing: 'u16', follow: false })
    expect(completeBindings(copy, [all[0]!, rest]).sinks).toEqual([
      { kind: 'file', path: 'x', framing: 'u16', follow: false },
    ])
    const other = bindByName(copy, 'source', 'lines', { kind: 'file', path: 'y', framing: 'lines', follow: true })
    expect(completeBindings(copy, rebind(all, [other])).sources).toEqual([
      { kind: 'file', path: 'y', framing: 'lines', follow: true },
    ])
  })

  test('twice is too often', () => {
    const error = failure(() => bind(copy, [...all, lines.from(file('more.txt'))]))
    expect(error.message).toBe(
      'MR_END_BOUND_TWICE: source "lines" of pipeline "p" is bound twice. Leave one of the two bindings out',
    )
  })

  test('what the pipeline does not have is named', () => {
    const unknown = failure(() => bind(copy, [...all, sink('log', text).to(file('log.txt'))]))
    expect(unknown.message).toBe(
      'MR_END_UNKNOWN: pipeline "p" has no sink called "log". Its sinks are "out", "dead-letters"',
    )
    const twin = failure(() => bind(copy, [source('lines', text).from(file('in.txt'))]))
    expect(twin.message).toMatch(
      /^MR_END_UNKNOWN: pipeline "p" has another source called "lines" than the one that is bound\. Bind the one/,
    )
    expect(failure(() => bindByName(copy, 'source', 'liens', { kind: 'list', values: [] })).message).toMatch(
      /Its sources are "lines"$/,
    )
    expect(failure(() => bind(copy, [anything(lines)])).message).toMatch(/no bound end\. Write quotes\.from/)
    expect(failure(() => bind(anything({}), all)).message).toMatch(/no pipeline/)
  })

  test('dead letters are an end of every pipeline', () => {
    const { plan, sinks } = completeBindings(copy, [...all, deadLetters.to(file('dead.ndjson'))])
    expect(plan.deadLetterSink).toBe(1)
    expect(plan.sinks.map(({ name }) => name)).toEqual(['out', 'dead-letters'])
    expect(sinks[1]).toEqual({ kind: 'file', path: 'dead.ndjson', framing: 'lines', follow: false })
    expect(completeBindings(copy, all).plan.deadLetterSink).toBeUndefined()
  })

  test('the values of a list are taken as they are', () => {
    type Row = { at: Date; tags: Set<string> }
    const rows = source(
      'rows',
      json((raw) => raw as Row),
    )
    const value: Row = { at: new Date(5), tags: new Set(['a']) }
    const { plan, sources } = completeBindings(
      make(({ from }) =>
        from(rows)
          .map((row) => row.at.getTime())
          .map(String)
          .into(out),
      ),
      [rows.from([value]), all[1]!],
    )
    const [end] = sources
    if (end?.kind !== 'list') throw new Error('not a list')
    expect(plan.sources[0]!.decode(end.records[0]!)).toEqual(value)
    const bad = rows.from([value, { ...value, at: anything(() => 1) }])
    expect(
      failure(() =>
        completeBindings(
          make(({ from }) =>
            from(rows)
              .map(() => '')
              .into(out),
          ),
          [bad, all[1]!],
        ),
      ).message,
    ).toMatch(
      /^MR_ENCODE_FAILED: source "rows" is bound to a list whose value 1 cannot be sent: value\.at is a function/,
    )
  })
})
