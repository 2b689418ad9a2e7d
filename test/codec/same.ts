/**
 * Whether two values are the same data to a handler: types, prototypes, order of keys, -0, and which objects are one object.
 * Stricter than deepStrictEqual. Undefined: they are; else where they differ.
 */
export function difference(
  a: unknown,
  b: unknown,
  path = 'value',
  twins: Map<object, object> = new Map(),
): string | undefined {
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null)
    return Object.is(a, b) ? undefined : path
  const twin = twins.get(a)
  if (twin !== undefined) return twin === b ? undefined : `${path} (another object)`
  if ([...twins.values()].includes(b)) return `${path} (the same object)`
  twins.set(a, b)
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return `${path} (prototype)`
  const pairs = (left: unknown[], right: unknown[]): string | undefined => {
    if (left.length !== right.length) return `${path} (size)`
    for (let i = 0; i < left.length; i++) {
      const found = difference(left[i], right[i], `${path}/${i}`, twins)
      if (found !== undefined) return found
    }
    return undefined
  }
  if (a instanceof Date) return Object.is(a.getTime(), (b as Date).getTime()) ? undefined : path
  if (a instanceof Map) return pairs([...a].flat(1), [...(b as Map<unknown, unknown>)].flat(1))
  if (a instanceof Set) return pairs([...a], [...(b as Set<unknown>)])
  if (a instanceof ArrayBuffer || ArrayBuffer.isView(a)) return pairs(bytesOf(a), bytesOf(b as ArrayBuffer))
  return pairs(Object.entries(a).flat(1), Object.entries(b).flat(1))
}

function bytesOf(view: ArrayBuffer | ArrayBufferView): number[] {
  return [
    ...(view instanceof ArrayBuffer
      ? new Uint8Array(view)
      : new Uint8Array(view.buffer, view.byteOffset, view.byteLength)),
  ]
}
