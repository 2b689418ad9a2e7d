import type { MillraceError } from '../base/errors.ts'

/**
 * A conversation with ports that reads from top to bottom: a generator that hands out what it waits for. Nothing in it runs by itself, as
 * promises do, so that it goes on exactly when a port calls back: in a simulated world too (docs/decisions/0015-state-in-a-changelog.md).
 */
export type Task<T> = Generator<Wait, T, void>

/** Begins what is waited for. `resume` is called once, later. */
type Wait = (resume: () => void) => void

/** Waits for a call of a port. Throws what it fails with. */
export function* waitFor<T>(call: (done: (error: MillraceError | undefined, value?: T) => void) => void): Task<T> {
  let answer: { readonly error: MillraceError | undefined; readonly value: T | undefined } | undefined
  yield (resume) =>
    call((error, value) => {
      answer = { error, value }
      resume()
    })
  if (answer!.error !== undefined) throw answer!.error
  return answer!.value as T
}

/** `done` comes when the task is over, with what it has thrown, if it has. */
export function runTask<T>(task: Task<T>, done: (error: unknown, value?: T) => void): void {
  const go = (): void => {
    let step: IteratorResult<Wait, T>
    try {
      step = task.next()
    } catch (error) {
      done(error)
      return
    }
    if (step.done === true) done(undefined, step.value)
    else step.value(go)
  }
  go()
}
