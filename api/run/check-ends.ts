import { realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import { MillraceError } from '../../runtime/base/errors.ts'
import { invalid } from '../invalid.ts'
import type { CompleteProgram } from '../complete-bindings.ts'

/**
 * Refuses ends that would get into each other's way: two sinks in one file, a source that reads what a sink writes (a file, a
 * topic), two readers of standard input. And a sink that is to write the latest value of each key, but has no keys.
 */
export function checkEnds({ plan, sources, sinks }: CompleteProgram): void {
  const written = new Map<string, string>()
  sinks.forEach((end, i) => {
    if (end?.kind !== 'file') return
    const sink = `sink ${JSON.stringify(plan.sinks[i]!.name)}`
    const place = placeOf(end.path)
    const other = written.get(place)
    if (other !== undefined) throw sameEnd(other, sink, end.path, 'Give each of them a file of its own')
    written.set(place, sink)
  })
  const topics = new Map<string, string>()
  sinks.forEach((end, i) => {
    if (end?.kind !== 'kafka') return
    const sink = `sink ${JSON.stringify(plan.sinks[i]!.name)}`
    for (const broker of end.brokers) topics.set(`${broker}/${end.topic}`, sink)
    if (end.latest && plan.sinks[i]!.key === undefined)
      throw invalid(
        `${sink} is to write the latest value of each key to topic ${end.topic}, but its outputs have no keys`,
        `Give it a key: sink(${JSON.stringify(plan.sinks[i]!.name)}, ..., { key: (value) => value.id })`,
      )
  })
  let reader: string | undefined
  sources.forEach((end, i) => {
    const source = `source ${JSON.stringify(plan.sources[i]!.name)}`
    if (end.kind === 'stdio') {
      if (reader !== undefined)
        throw sameEnd(reader, source, 'standard input', 'Standard input can be read once: give one of them a file')
      reader = source
    }
    if (end.kind === 'kafka') {
      const writer = end.brokers
        .map((broker) => topics.get(`${broker}/${end.topic}`))
        .find((sink) => sink !== undefined)
      if (writer !== undefined) throw sameEnd(writer, source, `topic ${end.topic}`, readsItself('topic'))
    }
    const writer = end.kind === 'file' ? written.get(placeOf(end.path)) : undefined
    if (writer !== undefined && end.kind === 'file') throw sameEnd(writer, source, end.path, readsItself('file'))
  })
}

function readsItself(kind: string): string {
  return `A program that reads its own output never ends: write to another ${kind}, or send a message instead`
}

function sameEnd(first: string, second: string, end: string, next: string): MillraceError {
  return new MillraceError('MR_END_BOUND_TWICE', `${first} and ${second} are both bound to ${end}`, { next })
}

function placeOf(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return resolve(path) // it is not there yet
  }
}
