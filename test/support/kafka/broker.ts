import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brokerJars, notInstalled, runToEnd } from './jars.ts'
import { freePorts } from './free-ports.ts'
import { addSecureListener, scramArguments, type SecureListener } from './secure-listener.ts'

export interface BrokerOptions {
  /** Port on loopback. Default: one that is free. */
  readonly port?: number
  /** What clients are told to connect to, if they come by another way than `port`: a proxy. */
  readonly advertisedPort?: number
  /** Another listener, with TLS and a password. */
  readonly secure?: boolean
  /** Compile quickly rather than well: for short lives. Default true. */
  readonly quick?: boolean
  readonly say?: (text: string) => void
}

/** One process of Apache Kafka (broker and controller), whose data lives as long as this object. */
export class Broker {
  readonly port: number
  /** Undefined: it was not asked for. */
  readonly secure: SecureListener | undefined
  readonly #options: BrokerOptions
  readonly #folder: string
  readonly #jars: string
  #child: ChildProcess | undefined

  private constructor(
    options: BrokerOptions,
    port: number,
    folder: string,
    jars: string,
    secure: SecureListener | undefined,
  ) {
    this.secure = secure
    this.#options = options
    this.port = port
    this.#folder = folder
    this.#jars = jars
  }

  /** Resolves when it answers. */
  static async start(options: BrokerOptions = {}): Promise<Broker> {
    const say = options.say ?? (() => {})
    const jars = await brokerJars(say)
    const [free, controllerPort] = await freePorts(2)
    const port = options.port ?? free!
    const folder = await mkdtemp(join(tmpdir(), 'millrace-kafka-'))
    const settings = brokerSettings(port, options.advertisedPort ?? port, controllerPort!, join(folder, 'data'))
    const secure = options.secure === true ? await addSecureListener(settings, folder) : undefined
    const properties = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`)
    await writeFile(join(folder, 'server.properties'), properties.join(''))
    const broker = new Broker(options, port, folder, jars, secure)
    say('formatting')
    const tool = ['kafka.tools.StorageTool', 'format', '-t', 'bWlsbHJhY2Vmb3J0ZXN0cw', '-c', broker.#properties]
    if (secure !== undefined) tool.push(...scramArguments(secure))
    await runToEnd('java', ['-XX:TieredStopAtLevel=1', '-cp', `${jars}/*`, ...tool])
    say('starting')
    await broker.restart()
    return broker
  }

  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  get #properties(): string {
    return join(this.#folder, 'server.properties')
  }

  /** Starts the process again on what it has on disk. Resolves when it answers. */
  async restart(): Promise<void> {
    const tuning = this.#options.quick === false ? ['-XX:+UseG1GC'] : ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']
    const logging = ['defaultLogLevel=error', 'log.kafka.server.KafkaRaftServer=info']
    const args = ['-Xmx512m', '-Xms256m', ...tuning]
    args.push(...logging.map((setting) => `-Dorg.slf4j.simpleLogger.${setting}`))
    args.push('-cp', `${this.#jars}/*`, 'kafka.Kafka', this.#properties)
    const child = spawn('java', args, { stdio: ['ignore', 'ignore', 'pipe'] })
    this.#child = child
    let said = ''
    await new Promise<void>((resolve, reject) => {
      child.once('error', (error) => reject(notInstalled('java', error)))
      child.once('close', (code) => reject(new Error(`the broker ended with ${code}: ${said}`)))
      child.stderr.on('data', (chunk: Buffer) => {
        said = (said + chunk.toString()).slice(-10_000)
        if (said.includes('Kafka Server started')) resolve()
      })
    })
  }

  /** `kill -9`. Resolves when the process is gone. */
  async kill(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }

  /** Ends it and removes its data. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    await rm(this.#folder, { recursive: true, force: true })
  }
}

function brokerSettings(
  port: number,
  advertisedPort: number,
  controllerPort: number,
  folder: string,
): Record<string, string | number | boolean> {
  return {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${advertisedPort}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': folder,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 4,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'share.coordinator.state.topic.num.partitions': 1,
    'group.initial.rebalance.delay.ms': 0,
    // Short, so that a broker that was killed is back soon; not shorter, because a busy machine misses heartbeats.
    'broker.session.timeout.ms': 3_000,
    'broker.heartbeat.interval.ms': 500,
    'log.retention.check.interval.ms': 1_000,
    'log.initial.task.delay.ms': 1_000,
    'log.cleaner.backoff.ms': 500,
    'auto.create.topics.enable': false,
  }
}
