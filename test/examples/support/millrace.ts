import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const command = fileURLToPath(new URL('../../../api/cli/main.ts', import.meta.url))

/** The command line in a process of its own, as `npx millrace` starts it. */
export async function millrace(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [...process.execArgv, command, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const exit = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), exit])
  return { code, stdout, stderr }
}

/** The file of an example, to give to the command line. */
export function example(path: string): string {
  return fileURLToPath(new URL(`../../../examples/${path}`, import.meta.url))
}
