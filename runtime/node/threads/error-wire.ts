import { type ErrorCode, MillraceError } from '../../base/errors.ts'

/** An error as data: what a structured clone keeps of one is not enough. */
export interface WireError {
  readonly name: string
  readonly message: string
  readonly stack: string | undefined
  /** Of a MillraceError. */
  readonly millrace: { readonly code: ErrorCode; readonly next: string; readonly certain: boolean } | undefined
  readonly cause: WireError | undefined
}

export function toWire(error: unknown): WireError {
  if (!(error instanceof Error))
    return { name: 'Error', message: String(error), stack: undefined, millrace: undefined, cause: undefined }
  const { name, message, stack, cause } = error
  const own =
    error instanceof MillraceError ? { code: error.code, next: error.next, certain: error.certain } : undefined
  return { name, message, stack, millrace: own, cause: cause === undefined ? undefined : toWire(cause) }
}

export function fromWire(wire: WireError): Error {
  const { name, message, stack, millrace } = wire
  const cause = wire.cause === undefined ? undefined : fromWire(wire.cause)
  const error = millrace === undefined ? plainError(name, message, cause) : millraceError(message, millrace, cause)
  if (stack !== undefined) error.stack = stack
  return error
}

export function asMillraceError(wire: WireError): MillraceError {
  const error = fromWire(wire)
  if (error instanceof MillraceError) return error
  return new MillraceError('MR_STOPPED', `a worker thread met an error it does not know: ${error.message}`, {
    next: 'Start it again; if it comes again, report it with its cause',
    cause: error,
  })
}

function millraceError(
  message: string,
  own: NonNullable<WireError['millrace']>,
  cause: Error | undefined,
): MillraceError {
  const { code, next, certain } = own
  // The constructor puts the code before the text and the next move behind it.
  const text = message.slice(code.length + 2, message.length - next.length - 2)
  return new MillraceError(code, text, { next, certain, cause })
}

const builtIn: Readonly<Record<string, new (message: string, options?: ErrorOptions) => Error>> = {
  TypeError,
  RangeError,
  SyntaxError,
  ReferenceError,
}

function plainError(name: string, message: string, cause: Error | undefined): Error {
  const Kind = builtIn[name] ?? Error
  const error = new Kind(message, cause === undefined ? undefined : { cause })
  if (error.name !== name) Object.defineProperty(error, 'name', { value: name, configurable: true, writable: true })
  return error
}
