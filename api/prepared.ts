import type { SubjectFormat } from '../runtime/node/registry/subject-format.ts'

/** What a format needs from outside before it decodes or encodes. */
export type Prepared = Pick<SubjectFormat, 'prepareReading' | 'prepareWriting' | 'lacks' | 'look'>

/** Under this key a format has it. */
export const preparedKey: unique symbol = Symbol('millrace.prepared')

export function preparedOf(format: object): Prepared | undefined {
  return (format as { [preparedKey]?: Prepared })[preparedKey]
}
