import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { fetchJars, runToEnd } from '../../../test/support/kafka/jars.ts'

const run = promisify(execFile)
const fileOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** Kafka Streams, ready to run; undefined: there is no JDK to compile it with. */
export async function kafkaStreams(say: (text: string) => void): Promise<KafkaStreams | undefined> {
  if (
    !(await runToEnd('javac', ['-version']).then(
      () => true,
      () => false,
    ))
  )
    return undefined
  const jars = await fetchJars(fileOf('pom.xml'), 'kafka-streams', () =>
    say('fetching the jars of Kafka Streams (94 MB, once)'),
  )
  const classes = await mkdtemp(join(tmpdir(), 'millrace-bench-java-'))
  await runToEnd('javac', ['-cp', `${jars}/*`, '-d', classes, fileOf('CountPerKey.java')])
  return new KafkaStreams(jars, classes)
}

export interface CountTimes {
  /** From the start to the end. */
  readonly seconds: number
  /** From when it has its partitions. */
  readonly runningSeconds: number
}

export class KafkaStreams {
  readonly #jars: string
  readonly #classes: string
  #runs = 0

  constructor(jars: string, classes: string) {
    this.#jars = jars
    this.#classes = classes
  }

  /** Counts per key from topic to topic, in a process of its own. The start of Java does not count. */
  async countPerKey(brokers: readonly string[], from: string, to: string, threads: number): Promise<CountTimes> {
    const state = await mkdtemp(join(tmpdir(), 'millrace-bench-streams-'))
    const application = `${from}-count-${this.#runs++}`
    const args = ['-Xmx1g', '-XX:+UseG1GC', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error']
    args.push('-cp', `${this.#classes}:${this.#jars}/*`, 'CountPerKey')
    args.push(brokers.join(), from, to, state, application, String(threads))
    const { stdout } = await run('java', args)
    await rm(state, { recursive: true })
    const [seconds, runningSeconds] = stdout.trim().split(' ').map(Number)
    return { seconds: seconds!, runningSeconds: runningSeconds! }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#classes, { recursive: true })
  }
}
