import { MillraceError, messageOf } from '../../base/errors.ts'

const check = 'Check the address of the registry, the name of the subject and the right to use it'

export function schemasNotRead(subject: string, cause: unknown): MillraceError {
  return new MillraceError(
    'MR_SOURCE_FAILED',
    `the schemas of subject ${subject} cannot be read: ${messageOf(cause)}`,
    {
      next: `${check}, and start again: it goes on where it was`,
      cause,
    },
  )
}

export function schemaNotRegistered(subject: string, cause: unknown): MillraceError {
  return new MillraceError(
    'MR_SINK_FAILED',
    `the schema of a sink is not registered under subject ${subject}: ${messageOf(cause)}`,
    { next: `${check}; a schema that is not compatible is changed, or registered by whoever may`, cause },
  )
}
