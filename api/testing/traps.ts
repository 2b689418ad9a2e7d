import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'

/** Something that a handler or a step may not touch, because it is not the same when a message is handled again. */
export interface Touched {
  readonly what: string
  readonly instead: string
  /** File and line of the user's code. */
  readonly where: string
}

const clock = "use ctx.now in a handler, and the record's own time in a pure step"
const chance = 'use ctx.random() in a handler: it gives the same again when a message is handled again'
const outside = 'do it outside, and send its result as a message'
const later = 'use ctx.after(delayMs, Entity.handler): it survives a restart'

/**
 * Runs `act` with clock, chance, timers and network taken away: whoever touches one gets a TypeError that says what to use
 * instead, and `touched` is told. Everything is given back afterwards. `act` must not wait.
 */
export function withTraps<T>(touched: (touched: Touched) => void, act: () => T): T {
  const trap = (what: string, instead: string): (() => never) => {
    const sprung = (): never => {
      const error = new TypeError(`${what} is not the same when a message is handled again: ${instead}`)
      Error.captureStackTrace(error, sprung)
      touched({ what, instead, where: placeOf(error) })
      throw error
    }
    return sprung
  }
  const undo: (() => void)[] = []
  const replace = (object: object, name: string, value: unknown): void => {
    const before = Object.getOwnPropertyDescriptor(object, name)
    Object.defineProperty(object, name, { value, configurable: true, writable: true })
    undo.push(() => {
      if (before === undefined) Reflect.deleteProperty(object, name)
      else Object.defineProperty(object, name, before)
    })
  }
  replace(globalThis, 'Date', trappedDate(trap))
  replace(Math, 'random', trap('Math.random()', chance))
  replace(performance, 'now', trap('performance.now()', clock))
  for (const name of ['randomUUID', 'getRandomValues'])
    replace(globalThis.crypto, name, trap(`crypto.${name}()`, chance))
  replace(globalThis, 'fetch', trap('fetch()', outside))
  for (const name of ['setTimeout', 'setInterval', 'setImmediate']) replace(globalThis, name, trap(`${name}()`, later))
  try {
    return act()
  } finally {
    for (const give of undo.reverse()) give()
  }
}

/** `new Date(ms)` is data, and stays; the clock behind `Date` does not. */
function trappedDate(trap: (what: string, instead: string) => () => never): DateConstructor {
  const now = trap('Date.now()', clock)
  const made = trap('new Date()', clock)
  return new Proxy(Date, {
    construct: (target, args, newTarget) =>
      args.length === 0 ? made() : (Reflect.construct(target, args, newTarget) as object),
    apply: () => made(),
    get: (target, name, receiver) => (name === 'now' ? now : (Reflect.get(target, name, receiver) as unknown)),
  })
}

/** The first line of the stack that is not the trap's own. Frames name a file by its path or by its URL. */
const own = [fileURLToPath(import.meta.url), import.meta.url]

function placeOf(error: Error): string {
  const frame = error.stack
    ?.split('\n')
    .filter((line) => line.trimStart().startsWith('at '))
    .find((line) => !own.some((file) => line.includes(file)) && !line.includes('Object.construct'))
  return frame?.trim().slice(3) ?? ''
}
