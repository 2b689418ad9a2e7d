import { fileURLToPath } from 'node:url'
import { type Exit, millrace as tryMillrace } from '../../cli/support/command.ts'

/** For tests that start processes: each has to load all of the sources. */
export const slow = { timeout: 60_000 } as const

/** The command line in a process of its own. Rejects when it fails. */
export async function millrace(...args: string[]): Promise<Exit> {
  const exit = await tryMillrace(...args)
  if (exit.code !== 0) throw new Error(`millrace ${args.join(' ')} ended with ${exit.code}:\n${exit.stderr}`)
  return exit
}

/** The file of an example, to give to the command line. */
export function example(path: string): string {
  return fileURLToPath(new URL(`../../../examples/${path}`, import.meta.url))
}
