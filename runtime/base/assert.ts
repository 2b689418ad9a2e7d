/** A programming mistake inside Millrace itself: never caused by input. Whoever meets one stops and recovers from the last commit. */
class InvariantError extends Error {
  override readonly name = 'InvariantError'
}

/** Throws when something that must hold by construction does not. `message` says what was expected. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(`millrace invariant broken: ${message}`)
}
