import { createCodec } from '../../../runtime/codec/codec.ts'
import { type EntityDefinition, entityOf } from '../../entity-definition.ts'
import type { AnyEntity } from '../../entity.ts'
import { canonical } from '../canonical.ts'
import { shown } from '../describe.ts'
import { literal, variable } from '../literal.ts'
import type { Property } from './property.ts'

/**
 * States of older versions become states of today: no upcast throws, each gives the same again, and what comes out can be kept
 * and has what a new state has. `old[v]` are states of version v; the first version is 1.
 */
export function upcasts<S>(entity: AnyEntity<S>, old: Readonly<Record<number, readonly object[]>>): Property {
  const definition = entityOf(entity)
  if (definition === undefined) throw new TypeError('upcasts(...) was given something that is no entity')
  return {
    name: `upcasts(${definition.name})`,
    sourceText: `upcasts(${entityVariable(definition.name)}, ${literal(old)})`,
    find() {
      for (const [version, states] of Object.entries(old)) {
        for (const state of states) {
          const what = flawOf(definition, Number(version), state)
          if (what !== undefined) return `a state of ${definition.name} of version ${version}, ${shown(state)}, ${what}`
        }
      }
      return undefined
    },
  }
}

/** Variables of entities are written with a capital. */
function entityVariable(name: string): string {
  const text = variable(name)
  return text.charAt(0).toUpperCase() + text.slice(1)
}

const codec = createCodec()

function flawOf(definition: EntityDefinition, version: number, state: object): string | undefined {
  if (!(version >= 1 && version <= definition.upcasts.length))
    return `has a version that no upcast begins with: there are ${definition.upcasts.length}`
  const bytes = codec.encode(state).slice()
  const upcast = (): unknown => {
    let value: unknown = codec.decode(bytes, 0, bytes.length)
    for (const step of definition.upcasts.slice(version - 1)) value = step(value)
    return value
  }
  try {
    const today = upcast()
    if (canonical(today) !== canonical(upcast())) return 'becomes something else when it is upcast again'
    codec.encode(today)
    return difference(definition.create(), today, 'state')
  } catch (error) {
    return `cannot be upcast: ${error instanceof Error ? error.message : String(error)}`
  }
}

/** Where a value lacks what a new state has. */
function difference(fresh: unknown, today: unknown, path: string): string | undefined {
  if (Number.isNaN(today)) return `becomes one whose ${path} is NaN`
  if (fresh === undefined || fresh === null) return undefined
  if (kindOf(fresh) !== kindOf(today))
    return `becomes one whose ${path} is ${kindOf(today)} instead of ${kindOf(fresh)}`
  if (kindOf(fresh) !== 'an object') return undefined
  for (const [name, value] of Object.entries(fresh as object)) {
    const found = difference(value, (today as Record<string, unknown>)[name], `${path}.${name}`)
    if (found !== undefined) return found
  }
  return undefined
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value !== 'object') return `a ${typeof value}`
  const { name } = value.constructor
  return name === 'Object' ? 'an object' : `a ${name}`
}
