/** A value as TypeScript source text: what it evaluates to is equal to it. */
export function literal(value: unknown): string {
  if (typeof value === 'string') return quoted(value)
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? '-0' : String(value)
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`
  if (value instanceof Date) return `new Date(${value.getTime()})`
  if (value instanceof Map) return `new Map(${literal([...value])})`
  if (value instanceof Set) return `new Set(${literal([...value])})`
  if (ArrayBuffer.isView(value)) {
    const { buffer, byteOffset, byteLength } = value
    const bytes = `new Uint8Array(${literal([...new Uint8Array(buffer, byteOffset, byteLength)])})`
    return value.constructor.name === 'Uint8Array' ? bytes : `new ${value.constructor.name}(${bytes}.buffer)`
  }
  if (value instanceof ArrayBuffer) return `new Uint8Array(${literal([...new Uint8Array(value)])}).buffer`
  const properties = Object.entries(value).map(([name, property]) => `${propertyName(name)}: ${literal(property)}`)
  return properties.length === 0 ? '{}' : `{ ${properties.join(', ')} }`
}

/** An object of functions as source text. What they name from outside must be brought along by whoever pastes it. */
export function functions(named: Readonly<Record<string, Function | undefined>>): string {
  const written = Object.entries(named).flatMap(([name, value]) => (value === undefined ? [] : [member(name, value)]))
  return written.length === 0 ? '{}' : `{ ${written.join(', ')} }`
}

function member(name: string, value: Function): string {
  const text = asImported(String(value))
  const isMethod = !/^(async\s+)?(function\b|\(|[\w$]+\s*=>)/.test(text)
  return isMethod && value.name === name
    ? text
    : `${propertyName(name)}: ${isMethod ? `({ ${text} }).${value.name}` : text}`
}

/** Vitest writes what is imported as a member of a module. People wrote its name. */
function asImported(text: string): string {
  return text.replace(/\(0,\s*__vite_ssr_import_\d+__\.([\w$]+)\)|__vite_ssr_import_\d+__\.([\w$]+)/g, '$1$2')
}

/** A name of a pipeline or an end as the name of a variable, which is what it is most often. */
export function variable(name: string): string {
  const joined = name.replace(/[^A-Za-z0-9]+(.)?/g, (_, next: string | undefined) => next?.toUpperCase() ?? '')
  return /^[A-Za-z]/.test(joined) ? joined : `_${joined}`
}

function propertyName(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) && name !== '__proto__' ? name : `[${quoted(name)}]`
}

function quoted(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`
}
