import { type ChildProcess, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../../../dist/api/cli/main.js', import.meta.url))

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface CommandOptions {
  readonly maxFileKiB?: number
  readonly deaf?: boolean
  readonly environment?: Readonly<Record<string, string>>
}

/** The command in a process of its own, built as `npx millrace` starts it (test/support/build.ts). */
export class Command {
  readonly child: ChildProcess
  readonly exit: Promise<Exit>
  stdout = ''
  stderr = ''
  readonly #told = new Set<() => void>()

  constructor(args: readonly string[], options: CommandOptions = {}) {
    const node = [process.execPath, main, ...args]
    const limited =
      options.maxFileKiB === undefined
        ? node
        : ['bash', '-c', `ulimit -f ${options.maxFileKiB} && exec "$0" "$@"`, ...node]
    this.child = spawn(limited[0]!, limited.slice(1), {
      stdio: 'pipe',
      env: { ...process.env, ...options.environment },
    })
    if (options.deaf !== true)
      this.child.stdout!.on('data', (chunk: Buffer) => this.#hear(() => (this.stdout += chunk.toString())))
    this.child.stderr!.on('data', (chunk: Buffer) => this.#hear(() => (this.stderr += chunk.toString())))
    this.exit = new Promise((resolve, reject) => {
      this.child.once('error', reject)
      this.child.once('close', (code, signal) => {
        resolve({ code, signal, stdout: this.stdout, stderr: this.stderr })
        this.#hear(() => {})
      })
    })
  }

  /** Resolves when the process has said this on standard output. Rejects when it ends before. */
  says(text: string): Promise<void> {
    return this.#until(() => this.stdout.includes(text), text)
  }

  /** The same on standard error. */
  complains(text: string): Promise<void> {
    return this.#until(() => this.stderr.includes(text), text)
  }

  /** What `work` gives. Rejects when the process ends before. */
  during<T>(work: Promise<T>): Promise<T> {
    const ended = this.exit.then(({ stdout, stderr }): never => {
      throw new Error(`it ended: ${stdout}${stderr}`)
    })
    return Promise.race([work, ended])
  }

  kill(signal: NodeJS.Signals): Promise<Exit> {
    this.child.kill(signal)
    return this.exit
  }

  async #until(said: () => boolean, text: string): Promise<void> {
    while (!said()) {
      if (this.child.exitCode !== null || this.child.signalCode !== null)
        throw new Error(`it ended without "${text}": ${this.stdout}${this.stderr}`)
      await new Promise<void>((resolve) => {
        this.#told.add(resolve)
      })
    }
  }

  #hear(take: () => void): void {
    take()
    for (const tell of this.#told) tell()
    this.#told.clear()
  }
}

export function millrace(...args: readonly string[]): Promise<Exit> {
  const command = new Command(args)
  command.child.stdin!.end()
  return command.exit
}

export function program(name: string): string {
  return fileURLToPath(new URL(`../programs/${name}.ts`, import.meta.url))
}

export async function linesOf(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch(() => '')
  return text.split('\n').filter((line) => line !== '')
}
