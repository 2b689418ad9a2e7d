/** One step into a value: a property's name, an index, the value of a Map's key, or a place that has no name. */
export type Step = string | number | { readonly key: unknown } | { readonly place: string }

/** Longer paths are shown by their ends. */
const maxPathUnits = 120

const plainName = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u

/** `value.items[3].price`. */
export function pathText(steps: readonly Step[]): string {
  const path = `value${steps.map(stepText).join('')}`
  return path.length > maxPathUnits ? `${path.slice(0, maxPathUnits / 2)} ... ${path.slice(-maxPathUnits / 2)}` : path
}

function stepText(step: Step): string {
  if (typeof step === 'number') return `[${step}]`
  if (typeof step === 'string') return plainName.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`
  if ('place' in step) return step.place
  return `.get(${keyText(step.key)})`
}

function keyText(key: unknown): string {
  if (typeof key === 'string') return JSON.stringify(key.length > 40 ? `${key.slice(0, 40)}...` : key)
  return typeof key === 'object' ? '...' : String(key)
}

/** What a value that is refused is, to go after "is". */
export function whatIs(value: unknown): string {
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'symbol') return 'a symbol'
  const name: unknown = (value as { constructor?: { name?: unknown } }).constructor?.name
  if (typeof name !== 'string' || name === '') return 'an object of a class of its own'
  if (name === 'Object') return 'an object that inherits from another'
  return name === 'Promise' ? 'a Promise' : `an instance of ${name}`
}
