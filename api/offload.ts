import type { CheckMade } from './data-check.ts'
import { invalidOffload } from './offload/errors.ts'
import type { offloaded } from './phantom.ts'

/** A step that `mapOffload` runs on other threads. It is still the function you wrote, to be called in a unit test. */
export interface Offloaded<in T, out U> {
  (value: T): U | Promise<U>
  readonly [offloaded]: (value: T) => U
}

export interface OffloadOptions {
  /** How long one value may take, in ms, before its thread is ended and its record becomes a dead letter. Default: a minute. */
  readonly timeoutMs?: number
}

/** What stands behind an offloaded step. */
export interface OffloadDefinition {
  /** The file that exports it. */
  readonly moduleUrl: string
  readonly run: (value: unknown) => unknown
  readonly timeoutMs: number
  /** Where threads find it. Known once its file was looked through, when a program starts. */
  place: StepPlace | undefined
}

export interface StepPlace {
  /** The file to be loaded, as a URL. */
  readonly href: string
  /** Under this name the file exports it. */
  readonly exportName: string
  /** Its name for people, and in the fingerprint of a source: the same wherever the project stands. */
  readonly name: string
}

const definitionKey: unique symbol = Symbol('millrace.offload')
const defaultTimeoutMs = 60_000
/** What a timer of the platform can wait for. */
const longestTimeoutMs = 2 ** 31 - 1

/**
 * Declares a step that runs on threads of its own, for work that would keep a worker busy or that must be awaited:
 *
 *     export const classify = offload(import.meta.url, async (image: Image) => ({ id: image.id, digit: await model.run(image) }))
 *
 * Functions cannot travel, so every thread loads the file itself: the step must be one of its exports, and the file must start
 * nothing. What goes in and what comes out travel as data. A step is pure like any other: it may be run again after a crash, and
 * with the same value it must come to the same result. What it throws makes a dead letter of its record.
 *
 * @param moduleUrl `import.meta.url` of the file that exports the step.
 * @param step Takes a value, and gives what becomes of it or a promise of that.
 * @throws MillraceError MR_OFFLOAD_INVALID when the file, the function or the time is none.
 */
export function offload<T, U>(
  moduleUrl: string,
  step: ((value: T) => U | Promise<U>) & CheckMade<U>,
  options: OffloadOptions = {},
): Offloaded<T, U> {
  const { timeoutMs = defaultTimeoutMs } = options
  if (typeof moduleUrl !== 'string' || !moduleUrl.startsWith('file:'))
    throw invalidOffload(
      `offload was given ${JSON.stringify(moduleUrl)} where the URL of its file is meant`,
      'Write offload(import.meta.url, (value: Type) => ...)',
    )
  if (typeof step !== 'function')
    throw invalidOffload('offload was given no function', 'Write offload(import.meta.url, (value: Type) => ...)')
  if (!(timeoutMs > 0 && timeoutMs <= longestTimeoutMs))
    throw invalidOffload(
      `offload was given ${String(timeoutMs)} as timeoutMs`,
      `Give it a number of milliseconds above 0, at most ${longestTimeoutMs}`,
    )
  const definition: OffloadDefinition = {
    moduleUrl,
    run: step as (value: unknown) => unknown,
    timeoutMs,
    place: undefined,
  }
  const callable = (value: T): U | Promise<U> => step(value)
  return Object.defineProperty(callable, definitionKey, { value: definition }) as unknown as Offloaded<T, U>
}

/** What stands behind an offloaded step. Undefined: it is something else. */
export function offloadOf(value: unknown): OffloadDefinition | undefined {
  return (value as { [definitionKey]?: OffloadDefinition } | null | undefined)?.[definitionKey]
}
