import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { fetchJars, runToEnd } from '../../test/support/kafka/jars.ts'

const execute = promisify(execFile)

/**
 * The Java programs of a folder, compiled with the jars that its pom.xml names. Undefined: there is no JDK or no Maven.
 * @param folder its URL, which ends with a slash
 * @param fetching called when the jars are not there yet
 */
export async function javaPeer(folder: URL, name: string, fetching: () => void): Promise<JavaPeer | undefined> {
  if (!(await isThere('javac', '-version')) || !(await isThere('mvn', '-version'))) return undefined
  const path = fileURLToPath(folder)
  const jars = await fetchJars(join(path, 'pom.xml'), name, fetching)
  const sources = (await readdir(path)).filter((file) => file.endsWith('.java')).map((file) => join(path, file))
  const classes = await mkdtemp(join(tmpdir(), 'millrace-bench-java-'))
  await runToEnd('javac', ['-cp', `${jars}/*`, '-d', classes, ...sources])
  return new JavaPeer(jars, classes)
}

async function isThere(command: string, version: string): Promise<boolean> {
  try {
    await runToEnd(command, [version])
    return true
  } catch {
    return false
  }
}

export class JavaPeer {
  readonly #jars: string
  readonly #classes: string

  constructor(jars: string, classes: string) {
    this.#jars = jars
    this.#classes = classes
  }

  /** Runs a program in a JVM of its own, with a folder that is gone afterwards. Resolves with the numbers that it has written. */
  async run(
    program: string,
    options: readonly string[],
    args: (folder: string) => readonly string[],
  ): Promise<number[]> {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-peer-'))
    try {
      const quiet = '-Dorg.slf4j.simpleLogger.defaultLogLevel=error'
      const classPath = `${this.#classes}:${this.#jars}/*`
      const { stdout } = await execute('java', [...options, quiet, '-cp', classPath, program, ...args(folder)])
      return stdout.trim().split(' ').map(Number)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#classes, { recursive: true })
  }
}
