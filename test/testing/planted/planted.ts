import type { Pipeline } from 'millrace'
import type { CheckOptions } from 'millrace/testing'

/** A mistake that people make in their pipelines, and the same pipeline without it. */
export interface Planted {
  readonly bug: string
  /** The property that finds it. */
  readonly property: string
  /** Within how many seeds it is found. */
  readonly seeds: number
  /** How many records are left of the input when the failure has been made small. */
  readonly records: number
  /** What the failure says. */
  readonly says: RegExp
  readonly options: CheckOptions
  /** What the text of its property names. */
  readonly names?: Readonly<Record<string, unknown>>
  readonly wrong: Pipeline
  readonly right: Pipeline
}
