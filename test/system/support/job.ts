import { join } from 'node:path'
import type { Program, RealSink, RealSource } from 'millrace'
import { file } from 'millrace/files'

/** A program with its files in one folder, for a process of its own to run. */
export interface Job {
  /** `follow`: its input is still growing. */
  readonly program: (folder: string, follow: boolean) => Program
}

export const input = (folder: string, name: string): string => join(folder, `${name}.in`)
export const output = (folder: string, name: string): string => join(folder, `${name}.out`)
export const data = (folder: string): string => join(folder, 'data')

/** Ends of a job: framed, so that a frame that is torn is noticed. */
export const inFile = (folder: string, name: string, follow: boolean): RealSource =>
  file(input(folder, name), { framing: 'u32', follow })
export const outFile = (folder: string, name: string): RealSink => file(output(folder, name), { framing: 'u32' })
