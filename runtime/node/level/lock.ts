import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { link, readdir, readFile, rename, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MillraceError } from '../../base/errors.ts'
import { type Holder, type Judgement, judge, thisProcess } from './holder.ts'

/**
 * One opener per folder, also across `kill -9`, also when several processes find the same dead holder at the same moment.
 *
 * A lock is a file that appears whole (written elsewhere, then linked) and carries a token that was never used before. The
 * first is called `lock`. Nobody ever removes the lock of a dead holder: whoever wants to succeed the holder with token T
 * links its own lock as `lock.T`, which works for exactly one. Who holds is therefore the end of a chain:
 *
 *   L1 The holder is the last of `lock`, `lock.<token of that>`, `lock.<token of that>`, ...
 *   L2 One succeeds only a holder that was found dead, and tokens are never used again: no link can be made twice.
 *   L3 After linking, walk the chain again: a name that was free because the chain has moved on proves nothing.
 *   L4 The new holder renames its lock to `lock`, in one step, and only then removes what is no longer part of the chain.
 */
export interface FolderLock {
  readonly holder: LockHolder
  /** Whether the lock is still ours: false when somebody removed or replaced it. */
  held(): boolean
  release(): Promise<void>
}

export interface LockHolder extends Holder {
  readonly token: string
  readonly since: string
}

/** A seam for tests: who we are, who is alive, and a pause before every step. */
export interface LockWorld {
  readonly self: Holder
  judge(holder: Holder): Judgement
  pause?(step: string): Promise<void>
}

/**
 * `proveDead` is asked about a holder in another container: it resolves only if that one cannot be running, and rejects otherwise.
 */
export async function takeLock(
  folder: string,
  proveDead: (holder: LockHolder) => Promise<void>,
  world: LockWorld = realWorld(),
): Promise<FolderLock> {
  const holder: LockHolder = { ...world.self, token: randomBytes(12).toString('hex'), since: new Date().toISOString() }
  const text = JSON.stringify(holder)
  const draft = join(folder, `lock.new-${holder.token}`)
  const step = async (what: string): Promise<void> => world.pause?.(what)
  const proven = new Set<string>()
  try {
    await writeFile(draft, text)
    for (;;) {
      const end = await walk(folder, step)
      if (end.last !== undefined && !proven.has(end.last.token)) {
        const found = world.judge(end.last)
        if (found === 'alive') throw locked(end.last)
        if (found === 'foreign') await proveDead(end.last)
        proven.add(end.last.token)
        continue // that may have taken a while
      }
      await step('link')
      const linked = await linkOnce(draft, end.free)
      if (linked === 'draft is gone') await writeFile(draft, text)
      if (linked !== 'linked') continue
      if ((await walk(folder, step)).last?.token === holder.token) {
        await step('rename')
        if (end.free !== join(folder, 'lock')) await rename(end.free, join(folder, 'lock'))
        await removeOthers(folder, holder.token, step)
        return heldLock(folder, holder)
      }
      await step('withdraw')
      await removeIfOurs(end.free, text)
    }
  } finally {
    await unlink(draft).catch(ignoreMissing)
  }
}

/** A lock that this process has taken before, in whatever thread. */
export function heldLock(folder: string, holder: LockHolder): FolderLock {
  return new HeldLock(join(folder, 'lock'), holder, JSON.stringify(holder))
}

class HeldLock implements FolderLock {
  readonly holder: LockHolder
  readonly #file: string
  readonly #text: string

  constructor(file: string, holder: LockHolder, text: string) {
    this.#file = file
    this.holder = holder
    this.#text = text
  }

  held(): boolean {
    try {
      return readFileSync(this.#file, 'utf8') === this.#text
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code
      return code !== 'ENOENT' && code !== 'ENOTDIR' // too many open files, say, are no reason to stop
    }
  }

  release(): Promise<void> {
    return removeIfOurs(this.#file, this.#text)
  }
}

export function locked(holder: Holder): MillraceError {
  const ours = holder.pid === process.pid && holder.start === thisProcess().start
  const who = ours ? `this very process (pid ${holder.pid})` : `process ${holder.pid}`
  return new MillraceError('MR_STORE_LOCKED', `the folder is in use by ${who}`, {
    next: ours
      ? 'Close the store that is open, or use another folder'
      : `Stop process ${holder.pid}, or use another folder`,
  })
}

type Step = (what: string) => Promise<void>

/** The end of the chain, and the name under which its successor would appear. */
async function walk(
  folder: string,
  step: Step,
): Promise<{ readonly last: LockHolder | undefined; readonly free: string }> {
  let last: LockHolder | undefined
  let free = join(folder, 'lock')
  for (;;) {
    await step('read')
    let text: string
    try {
      text = await readFile(free, 'utf8')
    } catch (error) {
      ignoreMissing(error)
      return { last, free }
    }
    last = parse(text) ?? unreadable(last)
    free = join(folder, `lock.${last.token}`)
  }
}

function parse(text: string): LockHolder | undefined {
  let found: Partial<LockHolder>
  try {
    found = JSON.parse(text) as Partial<LockHolder>
  } catch {
    return undefined
  }
  const { pid, start, boot, namespace, token, since } = found
  if (typeof pid !== 'number' || typeof start !== 'string' || typeof boot !== 'string') return undefined
  if (typeof namespace !== 'string' || typeof token !== 'string' || !/^[0-9a-f]+$/.test(token)) return undefined
  return { pid, start, boot, namespace, token, since: String(since) }
}

/** A lock is never seen half written: what cannot be read was lost in a power cut, and its holder with it. */
function unreadable(before: LockHolder | undefined): LockHolder {
  const token = `${before === undefined ? '' : `${before.token}-`}unreadable`
  return { pid: 0, start: '', boot: 'before a power cut', namespace: '', token, since: '' }
}

async function linkOnce(draft: string, name: string): Promise<'linked' | 'taken' | 'draft is gone'> {
  try {
    await link(draft, name)
    return 'linked'
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'EEXIST') return 'taken'
    if (code === 'ENOENT') return 'draft is gone' // swept away by somebody who just got the lock
    throw error
  }
}

/** Removes what others left behind, but never what may be the lock of somebody who succeeded us. */
async function removeOthers(folder: string, token: string, step: Step): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith('lock.') || name === `lock.${token}` || name === `lock.new-${token}`) continue
    await step('sweep')
    await unlink(join(folder, name)).catch(ignoreMissing)
  }
}

async function removeIfOurs(file: string, text: string): Promise<void> {
  const found = await readFile(file, 'utf8').catch(ignoreMissing)
  if (found === text) await unlink(file).catch(ignoreMissing)
}

function ignoreMissing(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
}

function realWorld(): LockWorld {
  const self = thisProcess()
  return { self, judge: (holder) => judge(holder, self) }
}
