import { MillraceError, messageOf } from '../base/errors.ts'
import { shardOf } from '../base/hash.ts'
import type { Prng } from '../base/prng.ts'
import type { JournalEvent, SimRequest } from './journal.ts'
import type { Scheduler } from './scheduler.ts'
import type { Shape } from './shape.ts'
import type { SimHost } from './sim-host.ts'
import type { SimProgram } from './sim-program.ts'

interface Asked {
  readonly request: SimRequest
  readonly index: number
  attempts: number
  open: number
  settled: boolean
}

/**
 * Whoever asks from outside. A request with an id is repeated until it is answered, and now and then once more; one without an
 * id is asked once, and nobody knows what became of it when no answer comes. Queries look at what others have touched.
 */
export class Callers {
  readonly #asked: readonly Asked[]
  readonly #program: SimProgram
  readonly #shape: Shape
  readonly #scheduler: Scheduler
  readonly #prng: Prng
  readonly #journal: (event: JournalEvent) => void
  readonly #note: (line: () => string) => void
  readonly #hosts: () => readonly SimHost[]
  readonly #known: (readonly [entity: string, key: string])[] = []
  readonly #seen = new Set<string>()
  #attempts = 0
  #looks = 0
  /** False once the world is being healed: then everybody only waits for answers. */
  curious = true

  constructor(parts: {
    program: SimProgram
    shape: Shape
    scheduler: Scheduler
    prng: Prng
    journal: (event: JournalEvent) => void
    note: (line: () => string) => void
    hosts: () => readonly SimHost[]
  }) {
    this.#program = parts.program
    this.#shape = parts.shape
    this.#scheduler = parts.scheduler
    this.#prng = parts.prng
    this.#journal = parts.journal
    this.#note = parts.note
    this.#hosts = parts.hosts
    this.#asked = (parts.program.requests ?? []).map((request, index) => ({
      request,
      index,
      attempts: 0,
      open: 0,
      settled: false,
    }))
  }

  /** Everybody who can know an answer has one. */
  get settled(): boolean {
    return this.#asked.every(({ settled, request, attempts }) => settled || (request.id === undefined && attempts > 0))
  }

  start(): void {
    for (const asked of this.#asked) this.#later(100, () => this.#ask(asked))
    this.#later(20, () => this.#look())
  }

  /** Somebody was here: a place for queries to look at. */
  saw(entity: string, key: string): void {
    const name = `${entity}/${key}`
    if (this.#seen.has(name)) return
    this.#seen.add(name)
    this.#known.push([entity, key])
  }

  #later(withinMs: number, run: () => void): void {
    this.#scheduler.after(this.#scheduler.draw({ typicalMs: withinMs, slowChance: 0, slowMs: 0 }) + 1, 'a caller', run)
  }

  #ask(asked: Asked): void {
    const { request, index } = asked
    if (asked.settled && !this.#again()) return
    if (request.id === undefined && asked.attempts > 0) return
    const host = this.#hostOf(request.key)
    const plan = host?.worker.plan
    const route =
      plan?.routes.findIndex((route) => plan.entities[route.entity]!.name + '.' + route.handler === request.route) ?? -1
    if (host === undefined || route < 0) return this.#later(50, () => this.#ask(asked))
    const attempt = this.#attempts++
    asked.attempts += 1
    this.#journal({ kind: 'asked', attempt, request: index })
    this.#note(() => `request ${request.id ?? index} goes to group ${host.group}`)
    host.worker.want({
      kind: 'ask',
      route,
      key: request.key,
      message: request.message,
      id: request.id,
      wantsAnswer: request.wantsAnswer,
      done: (error, answer) => {
        if (!host.instance.alive) return
        if (error === undefined) {
          asked.settled = true
          const bytes = answer === undefined ? undefined : this.#program.codec.encode(answer).slice()
          this.#journal({ kind: 'answered', attempt, answer: bytes })
        } else if (!(error instanceof MillraceError) || error.code !== 'MR_STOPPED') {
          asked.settled = true
          this.#journal({ kind: 'refused', attempt, code: '', error: messageOf(error) })
        }
      },
    })
    if (request.id !== undefined) this.#later(this.#prng.pick([1, 50, 2_000]), () => this.#ask(asked))
  }

  /** Whether to ask once more for what is known already. */
  #again(): boolean {
    return this.curious && this.#prng.chance(0.3)
  }

  #look(): void {
    if (!this.curious) return
    this.#later(100, () => this.#look())
    if (this.#known.length === 0) return
    const [entity, key] = this.#prng.pick(this.#known)
    const host = this.#hostOf(key)
    const index = host?.worker.plan.entities.findIndex(({ name }) => name === entity) ?? -1
    if (host === undefined || index < 0) return
    const look = this.#looks++
    this.#journal({ kind: 'looked', look, entity, key })
    host.worker.want({
      kind: 'get',
      entity: index,
      key,
      done: (error, state) => {
        if (!host.instance.alive || error !== undefined) return
        this.#journal({
          kind: 'saw',
          look,
          state: state === undefined ? undefined : this.#program.codec.encode(state).slice(),
        })
      },
    })
  }

  /** Anyone who runs the key, or believes to. */
  #hostOf(key: string): SimHost | undefined {
    const group = this.#shape.owners[shardOf(key, this.#shape.shardCount)]
    const hosts = this.#hosts().filter((host) => host.group === group && host.worker.state === 'running')
    return hosts.length === 0 ? undefined : this.#prng.pick(hosts)
  }
}
