/**
 * A value as a text that is the same for values that mean the same: properties, members of a Set and keys of a Map come in the
 * order of their texts, whatever order they were put in. Lists keep theirs.
 */
export function canonical(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? '-0' : String(value)
  if (Array.isArray(value)) return `[${value.map(canonical).join(', ')}]`
  if (value instanceof Date) return `Date(${value.getTime()})`
  if (value instanceof Set) return `Set {${[...value].map(canonical).sort().join(', ')}}`
  if (value instanceof Map) {
    const entries = [...value].map(([key, entry]) => `${canonical(key)} => ${canonical(entry)}`)
    return `Map {${entries.sort().join(', ')}}`
  }
  if (ArrayBuffer.isView(value))
    return `${value.constructor.name}(${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')})`
  if (value instanceof ArrayBuffer) return `ArrayBuffer(${Buffer.from(value).toString('hex')})`
  const properties = Object.entries(value).map(([name, property]) => `${name}: ${canonical(property)}`)
  return `{${properties.sort().join(', ')}}`
}
