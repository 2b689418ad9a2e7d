import { MillraceError } from '../base/errors.ts'
import type { AddressData } from './plan.ts'

/** What a context needs from whoever runs the handler. All of it concerns the message being handled. */
export interface ContextHost {
  readonly currentKey: string
  readonly nowMs: number
  readonly currentTimeMs: number
  readonly handling: boolean
  nextRandom(): number
  sendTo(to: unknown, key: unknown, message: unknown): void
  replyTo(address: AddressData, message: unknown): void
  setTimer(atMs: number, to: unknown, message: unknown, id: string | undefined): void
  cancelTimer(to: unknown, id: string | undefined): void
  addressOf(to: unknown, key: string | undefined): AddressData
  activityWith(partner: unknown): object
  forgetCurrent(): void
  traceNote(note: string, data: unknown): void
}

/** The `ctx` of a handler. One per group, lent to one handler call at a time; see `Context` in api/context.ts for the user's view. */
export class HandlerContext {
  readonly #host: ContextHost

  constructor(host: ContextHost) {
    this.#host = host
  }

  get key(): string {
    return this.#lent().currentKey
  }

  get now(): number {
    return this.#lent().nowMs
  }

  get time(): number {
    return this.#lent().currentTimeMs
  }

  random(): number {
    return this.#lent().nextRandom()
  }

  send(to: unknown, key: unknown, message?: unknown): void {
    this.#lent().sendTo(to, key, message)
  }

  reply(to: AddressData, message?: unknown): void {
    this.#lent().replyTo(to, message)
  }

  after(delayMs: number, to: unknown, message?: unknown, options?: { readonly id?: string }): void {
    const host = this.#lent()
    host.setTimer(host.nowMs + checkTime(delayMs, 'ctx.after takes a delay'), to, message, options?.id)
  }

  at(clockMs: number, to: unknown, message?: unknown, options?: { readonly id?: string }): void {
    this.#lent().setTimer(checkTime(clockMs, 'ctx.at takes a time'), to, message, options?.id)
  }

  cancel(to: unknown, id?: string): void {
    this.#lent().cancelTimer(to, id)
  }

  address(to: unknown, key?: string): AddressData {
    return this.#lent().addressOf(to, key)
  }

  activity(partner: unknown): object {
    return this.#lent().activityWith(partner)
  }

  forget(): void {
    this.#lent().forgetCurrent()
  }

  trace(note: string, data?: unknown): void {
    this.#lent().traceNote(note, data)
  }

  #lent(): ContextHost {
    if (this.#host.handling) return this.#host
    throw new MillraceError('MR_CONTEXT_MISUSED', 'ctx was used after its handler had returned', {
      next: 'Use ctx only inside the handler; what must happen later is a message: ctx.after(...)',
    })
  }
}

function checkTime(ms: unknown, what: string): number {
  if (typeof ms === 'number' && Number.isFinite(ms)) return ms
  throw new TypeError(`${what} in milliseconds, a finite number; it got ${String(ms)}`)
}
