import { fc, test } from '@fast-check/vitest'
import { entity, json, pipeline, sink, source } from 'millrace'
import type { Handler, Keyed, Stream } from 'millrace'
import { expect } from 'vitest'
import { compile } from '../../api/compile.ts'
import { run } from './flow-recorder.ts'
import type { Received } from './flow-recorder.ts'

/** Random pipelines, wired twice: as Millrace compiles them, and as listeners that call each other. */
type Word = 'a' | 'b' | 'c'
type Value = { kind: Word; n: number }
type Op = readonly [
  'map' | 'filter' | 'flatMap' | 'merge' | 'branch' | 'to' | 'twoKeyed' | 'listen' | 'into',
  number,
  number,
]

const words: readonly Word[] = ['a', 'b', 'c']
const plus = ({ kind, n }: Value): Value => ({ kind: words[(words.indexOf(kind) + 1) % 3]!, n: n + 1 })
const odd = ({ n }: Value): boolean => n % 2 === 1
const copies = ({ kind, n }: Value): Value[] => Array.from({ length: n % 3 }, (_, i) => ({ kind, n: n + i }))
const keyOf = ({ n }: Value): string => `k${n % 4}`

const values = source(
  'values',
  json((raw) => raw as Value),
)
const sinks = [
  sink(
    'x',
    json((raw) => raw as Value),
  ),
  sink(
    'y',
    json((raw) => raw as Value),
  ),
]
const Thing = entity('thing', {
  state: () => ({ n: 0 }),
  on: { one: (_, value: Value) => value, two: (_, value: Value) => value },
})
const places: readonly (readonly [string, Handler<Value, Value>])[] = [
  ['one', Thing.one],
  ['two', Thing.two],
]

const op: fc.Arbitrary<Op> = fc.tuple(
  fc.constantFrom('map', 'filter', 'flatMap', 'merge', 'branch', 'to', 'twoKeyed', 'listen', 'into'),
  fc.nat(30),
  fc.nat(30),
)
const value: fc.Arbitrary<Value> = fc.record({ kind: fc.constantFrom(...words), n: fc.nat(20) })

test.prop([fc.array(op, { minLength: 1, maxLength: 25 }), fc.array(value, { minLength: 1, maxLength: 5 })])(
  'a compiled pipeline does what its listeners would do',
  (script, inputs) => {
    const plan = compile(
      pipeline('p', ({ from }) => {
        const streams: Stream<Value>[] = [from(values)]
        const add = (stream: Stream<Value>): void => void streams.push(stream)
        for (const [kind, first, second] of script) {
          const stream = streams[first % streams.length]!
          const other = streams[second % streams.length]!
          const place = places[second % 2]!
          if (kind === 'map') add(stream.map(plus))
          else if (kind === 'filter') add(stream.filter(odd))
          else if (kind === 'flatMap') add(stream.flatMap(copies))
          else if (kind === 'merge') add(stream.merge(other))
          else if (kind === 'branch') add(stream.branch('kind')[words[second % 3]!] as Stream<Value>)
          else if (kind === 'to') add(stream.keyBy(keyOf).to(place[1]))
          else if (kind === 'twoKeyed') {
            const keyed: Keyed<Value> = stream.keyBy(keyOf)
            add(keyed.to(places[0]![1]))
            add(keyed.to(places[1]![1]))
          } else if (kind === 'listen') add(from(place[1]))
          else stream.into(sinks[second % 2]!)
        }
      }),
    )
    // With no entity in the pipeline there are no default routes, and no others either.
    const defaults = plan.entities.length * 2
    const model = listen(script, (route) => plan.routes[defaults + route]!.name)
    for (const input of inputs) {
      expect(run(plan.sources[0]!.flow, input, plan)).toEqual(model.fromSource(input))
      for (const [i, { name, outputs }] of plan.routes.entries()) {
        const seen = outputs === undefined ? [] : run(outputs, input, plan)
        expect(seen, name).toEqual(model.fromRoute(i - defaults, name, input))
      }
    }
  },
)

/** Listeners in lists, nothing more. Routes of `.to(...)` are numbered as they come. */
function listen(script: readonly Op[], nameOf: (route: number) => string) {
  type Listener = (value: Value) => void
  let seen: Received[] = []
  const streams: Listener[][] = [[]]
  const listened = new Map<string, Listener[]>()
  const routes: { place: string; out: Listener[] }[] = []
  const emit = (to: Listener[], value: Value): void => to.forEach((listener) => listener(value))
  const route = (place: string): { number: number; out: Listener[] } => {
    const out: Listener[] = []
    routes.push({ place, out })
    return { number: routes.length - 1, out }
  }
  for (const [kind, first, second] of script) {
    const stream = streams[first % streams.length]!
    const other = streams[second % streams.length]!
    const [place] = places[second % 2]!
    const out: Listener[] = []
    if (kind === 'map') stream.push((v) => emit(out, plus(v)))
    else if (kind === 'filter') stream.push((v) => odd(v) && emit(out, v))
    else if (kind === 'flatMap') stream.push((v) => copies(v).forEach((w) => emit(out, w)))
    else if (kind === 'merge') {
      stream.push((v) => emit(out, v))
      other.push((v) => emit(out, v))
    } else if (kind === 'branch') stream.push((v) => v.kind === words[second % 3] && emit(out, v))
    else if (kind === 'to') {
      const made = route(place)
      stream.push((v) => seen.push(['entity', nameOf(made.number), keyOf(v), v]))
      streams.push(made.out)
    } else if (kind === 'twoKeyed') {
      const made = [route('one'), route('two')]
      stream.push((v) => made.forEach(({ number }) => seen.push(['entity', nameOf(number), keyOf(v), v])))
      streams.push(made[0]!.out, made[1]!.out)
    } else if (kind === 'listen') {
      if (!listened.has(place)) listened.set(place, [])
      streams.push(listened.get(place)!)
    } else stream.push((v) => seen.push(['sink', sinks[second % 2]!.name, v]))
    if (kind === 'map' || kind === 'filter' || kind === 'flatMap' || kind === 'merge' || kind === 'branch')
      streams.push(out)
  }
  const record =
    (...from: Listener[][]) =>
    (value: Value): Received[] => {
      seen = []
      for (const listeners of from) emit(listeners, value)
      return seen
    }
  return {
    fromSource: record(streams[0]!),
    fromRoute(number: number, name: string, value: Value): Received[] {
      if (number < 0) return record(listened.get(name.slice('thing.'.length)) ?? [])(value)
      const { place, out } = routes[number]!
      return record(out, listened.get(place) ?? [])(value)
    },
  }
}
