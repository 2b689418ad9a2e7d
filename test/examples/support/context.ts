import type { Address, Context, To } from 'millrace'

export interface TestContext extends Context {
  sent<M>(to: To<M>): { key: string; message: M }[]
  timers<M>(to: To<M>): { id: string | undefined; atMs: number; message: M }[]
}

/** What a handler needs to be called as the function that it is, and what it did with it. */
export function context({ key = 'me', now = 0 }: { key?: string; now?: number } = {}): TestContext {
  const sent: { to: string; key: string; message: unknown }[] = []
  const timers = new Map<string, { to: string; id: string | undefined; atMs: number; message: unknown }>()
  const activities = new Map<string, object>()
  const at = (atMs: number, to: unknown, message?: unknown, options?: { id: string }) => {
    timers.set(`${nameOf(to)} ${options?.id ?? ''}`, { to: nameOf(to), id: options?.id, atMs, message })
  }
  const made = {
    key,
    now,
    time: now,
    random: () => 0.5,
    send: (to: unknown, key: string, message?: unknown) => sent.push({ to: nameOf(to), key, message }),
    reply: (to: Address<unknown>, message?: unknown) =>
      sent.push({ to: `${to.entity}.${to.handler}`, key: to.key, message }),
    at,
    after: (delayMs: number, ...rest: [to: unknown, message?: unknown, options?: { id: string }]) =>
      at(now + delayMs, ...rest),
    cancel: (to: unknown, id?: string) => timers.delete(`${nameOf(to)} ${id ?? ''}`),
    address: (to: unknown, other = key) => {
      const [entity, handler] = nameOf(to).split('.')
      return { entity, handler, key: other }
    },
    activity: (partner: string) => {
      if (!activities.has(partner)) activities.set(partner, {})
      return activities.get(partner)
    },
    forget: () => {},
    trace: () => {},
    sent: (to: unknown) => sent.filter((one) => one.to === nameOf(to)).map(({ key, message }) => ({ key, message })),
    timers: (to: unknown) =>
      [...timers.values()]
        .filter((one) => one.to === nameOf(to))
        .map(({ id, atMs, message }) => ({ id, atMs, message })),
  }
  return made as unknown as TestContext
}

function nameOf(to: unknown): string {
  return (to as { name: string }).name
}
