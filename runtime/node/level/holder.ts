import { readFileSync, readlinkSync } from 'node:fs'

/** A process that holds a lock, described so that another process can tell whether it is still there. */
export interface Holder {
  readonly pid: number
  /** When the process was started, in ticks since boot: a number that is used again has another one. '' where unknown. */
  readonly start: string
  readonly boot: string
  /** Where `pid` means something: in another container the same number is somebody else. */
  readonly namespace: string
}

/** `foreign`: it lives, or lived, where we cannot look. */
export type Judgement = 'alive' | 'dead' | 'foreign'

export function thisProcess(): Holder {
  return {
    pid: process.pid,
    start: statOf('self')?.start ?? '',
    boot: bootId(),
    namespace: orNothing(() => readlinkSync('/proc/self/ns/pid')),
  }
}

/** Changes when the machine starts. '' where unknown. */
export function bootId(): string {
  return orNothing(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim())
}

export function judge(holder: Holder, self: Holder): Judgement {
  if (holder.boot !== self.boot) return 'dead'
  if (holder.namespace !== self.namespace) return 'foreign'
  if (!exists(holder.pid)) return 'dead'
  const stat = statOf(String(holder.pid))
  if (stat === undefined) return 'alive' // no /proc here, or not for us: the number is all there is
  // A process that nobody has waited for is listed although it is gone.
  return stat.state === 'Z' || stat.state === 'X' || stat.start !== holder.start ? 'dead' : 'alive'
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' // it is there, and somebody else's
  }
}

function statOf(pid: string): { readonly state: string; readonly start: string } | undefined {
  const line = orNothing(() => readFileSync(`/proc/${pid}/stat`, 'latin1'))
  if (line === '') return undefined
  // The second field is the name of the program in parentheses, and may hold spaces and parentheses itself.
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ')
  return { state: fields[0]!, start: fields[19]! }
}

function orNothing(read: () => string): string {
  try {
    return read()
  } catch {
    return ''
  }
}
