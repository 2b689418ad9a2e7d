import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const command = fileURLToPath(new URL('../../../api/cli/main.ts', import.meta.url))

/** For tests that start processes: each has to load all of the sources. */
export const slow = { timeout: 60_000 } as const

/** The command line in a process of its own, as `npx millrace` starts it. Rejects when that fails. */
export async function millrace(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [...process.execArgv, command, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const exit = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), exit])
  if (code !== 0) throw new Error(`millrace ${args.join(' ')} ended with ${code}:\n${stderr}`)
  return { stdout, stderr }
}

/** The file of an example, to give to the command line. */
export function example(path: string): string {
  return fileURLToPath(new URL(`../../../examples/${path}`, import.meta.url))
}
