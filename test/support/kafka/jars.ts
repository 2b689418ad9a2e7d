import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const pom = fileURLToPath(new URL('./pom.xml', import.meta.url))

/**
 * The folder with the broker's jars: those that pom.xml names, in the user's cache folder. They are fetched once, by Maven.
 * @param say told what takes long
 */
export function brokerJars(say: (text: string) => void): Promise<string> {
  return fetchJars(pom, 'kafka', () => say('fetching the jars of Apache Kafka (44 MB, once)'))
}

/**
 * The folder with the jars that a pom.xml names, in the user's cache folder, under `name` and what is in the file.
 * @param fetching called when they are not there yet
 */
export async function fetchJars(pom: string, name: string, fetching: () => void): Promise<string> {
  const digest = createHash('sha256')
    .update(await readFile(pom))
    .digest('hex')
    .slice(0, 12)
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
  const folder = join(cache, 'millrace', `${name}-${digest}`)
  if (existsSync(folder)) return folder
  fetching()
  await mkdir(dirname(folder), { recursive: true })
  const fresh = await mkdtemp(`${folder}.`)
  // Test files may fetch at the same time, and Maven's own folder is not made for that.
  const repository = `${fresh}.m2`
  const args = ['-B', '-q', '-f', pom, `-Dmaven.repo.local=${repository}`]
  try {
    await runToEnd('mvn', [...args, 'dependency:copy-dependencies', `-DoutputDirectory=${fresh}`])
  } catch (error) {
    await rm(fresh, { recursive: true })
    throw error
  } finally {
    await rm(repository, { recursive: true, force: true })
  }
  // Whoever else fetched them meanwhile has the same: whose folder it becomes does not matter.
  await rename(fresh, folder).catch(() => rm(fresh, { recursive: true }))
  return folder
}

/** Runs a command; rejects with what it said when it fails, and with what to install when it is not there. */
export function runToEnd(command: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
    child.once('error', (error) => reject(notInstalled(command, error)))
    child.once('close', (code) => {
      if (code === 0) resolve()
      else reject(new Error(`${command} ${args.join(' ')} ended with ${code}: ${said}`))
    })
  })
}

export function notInstalled(command: string, cause: unknown): Error {
  return new Error(
    `${command} cannot be started. The tests of Kafka run a real broker: install Java 17 or newer and Maven ` +
      '(Debian: apt-get install openjdk-17-jre-headless maven), or set KAFKA_BROKERS to a broker that may be written to',
    { cause },
  )
}
