import { appendFile, readFile, writeFile } from 'node:fs/promises'
import type { GroupPlace } from '../../../runtime/node/grpc/process-links.ts'
import { Proxy } from '../../kafka/support/proxy.ts'
import { eventually } from '../../support/eventually.ts'
import { generateLines } from '../../system/support/words.ts'
import { ProcessChild } from './process-child.ts'
import { inputOf, outputOf } from './running-group.ts'

const inputs = 2

/**
 * Processes that run the groups of one application. Each reaches every other through a proxy of its own; who runs which group is
 * said here, and told to all.
 */
export class Cluster implements AsyncDisposable {
  readonly #folder: string
  readonly #groupCount: number
  readonly #children: (ProcessChild | undefined)[] = []
  readonly #proxies = new Map<string, Proxy>()
  readonly #processOf: number[] = []
  readonly #lines: string[][] = []
  readonly words: string[] = []

  static async start(folder: string, processOf: readonly number[]): Promise<Cluster> {
    const cluster = new Cluster(folder, processOf.length)
    for (let input = 0; input < inputs; input++) await writeFile(inputOf(folder, input), '')
    const count = Math.max(...processOf) + 1
    for (let from = 0; from < count; from++)
      for (let to = 0; to < count; to++) if (from !== to) cluster.#proxies.set(`${from}-${to}`, await Proxy.start())
    await Promise.all(Array.from({ length: count }, (_, process) => cluster.startProcess(process)))
    for (const [group, process] of processOf.entries()) await cluster.open(group, process)
    return cluster
  }

  private constructor(folder: string, groupCount: number) {
    this.#folder = folder
    this.#groupCount = groupCount
    for (let seed = 0; seed < inputs; seed++) this.#lines.push(generateLines({ count: 100_000, seed: seed + 1 }))
  }

  get proxies(): Proxy[] {
    return [...this.#proxies.values()]
  }

  child(process: number): ProcessChild {
    return this.#children[process]!
  }

  /** A new life of a process, in which it runs no group yet. */
  async startProcess(process: number): Promise<void> {
    const child = await ProcessChild.start({ folder: this.#folder, groupCount: this.#groupCount })
    this.#children[process] = child
    for (const [name, proxy] of this.#proxies) if (name.endsWith(`-${process}`)) proxy.aim(child.port)
    this.#tellPlaces()
  }

  async open(group: number, process: number): Promise<void> {
    this.#processOf[group] = process
    this.#tellPlaces()
    await this.child(process).open(group)
  }

  /** The group leaves the process it is in, and is opened in another. */
  async move(group: number, process: number): Promise<void> {
    await this.child(this.#processOf[group]!).leave(group)
    await this.open(group, process)
  }

  /** `kill -9`, and a new life with the same groups. */
  async killAndStart(process: number): Promise<void> {
    await this.child(process).kill()
    await this.startProcess(process)
    for (const [group, at] of this.#processOf.entries()) if (at === process) await this.open(group, process)
  }

  /** So many more lines in each input. */
  async feed(count: number): Promise<void> {
    for (const [input, lines] of this.#lines.entries()) {
      const more = lines.splice(0, count)
      this.words.push(...more.flatMap((line) => line.split(' ')))
      await appendFile(inputOf(this.#folder, input), more.map((line) => `${line}\n`).join(''))
    }
  }

  /** What is written by now, by all groups. */
  async written(): Promise<string[]> {
    const all: string[] = []
    for (let group = 0; group < this.#groupCount; group++) {
      const text = await readFile(outputOf(this.#folder, group), 'utf8').catch(() => '')
      all.push(...text.split('\n').slice(0, -1))
    }
    return all
  }

  /** Resolves when so much of what was fed is written. */
  async reach(share: number): Promise<void> {
    const before = (await this.written()).length
    const goal = before + (this.words.length - before) * share
    await eventually(async () => {
      for (const child of this.#children) child?.check()
      return (await this.written()).length >= goal
    })
  }

  async end(): Promise<void> {
    await Promise.all(this.#children.map(async (child) => await child?.end()))
    this.#children.length = 0
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) await child?.kill()
    for (const proxy of this.#proxies.values()) await proxy[Symbol.asyncDispose]()
  }

  /** Each reaches the others its own way. */
  #tellPlaces(): void {
    for (const [process, child] of this.#children.entries()) {
      const places = this.#processOf.flatMap((at, group): [number, GroupPlace][] => {
        const { port, incarnation } = this.#children[at] ?? {}
        if (port === undefined || incarnation === undefined) return []
        const shown = at === process ? port : this.#proxies.get(`${process}-${at}`)!.port
        return [[group, { address: `127.0.0.1:${shown}`, incarnation }]]
      })
      child?.tell({ kind: 'places', places })
    }
  }
}
