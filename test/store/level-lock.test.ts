import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fc, test } from '@fast-check/vitest'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { Prng } from '../../runtime/base/prng.ts'
import { type Holder, judge, thisProcess } from '../../runtime/node/level/holder.ts'
import { type LockHolder, type LockWorld, takeLock } from '../../runtime/node/level/lock.ts'
import { openLevelStore } from '../../runtime/node/level/open-store.ts'
import { codeOf, commit, commitOf, numbersOf, openGroup } from '../../runtime/ports/contracts/store-calls.ts'
import { HostProcess } from './host-process.ts'
import { inFolder, withStore } from './level-fixture.ts'

const options = { durability: 'process' } as const
let hosts: HostProcess[] = []
beforeAll(async () => {
  hosts = await Promise.all([1, 2, 3].map(() => HostProcess.start()))
})
afterAll(async () => {
  await Promise.all(hosts.map((host) => host.kill()))
})

describe('one opener per folder', () => {
  test('not twice in this process, by whatever path', async () => {
    await inFolder(async (path) => {
      await symlink(path, `${path}-link`)
      await withStore(path, async (store) => {
        for (const other of [path, `${path}/`, `${path}-link`, `${path}/../${path.split('/').at(-1)}`])
          await expect(openLevelStore({ path: other, ...options })).rejects.toMatchObject({
            code: 'MR_STORE_LOCKED',
            message: expect.stringContaining(`this very process (pid ${process.pid})`) as string,
          })
        await openGroup(store, 1) // it was not disturbed
      })
      await rm(`${path}-link`)
      await withStore(path, (store) => openGroup(store, 1))
    })
  })

  test('not in a second process, which names the first', async () => {
    await inFolder(async (path) => {
      const first = hosts[0]!
      await first.ask('it', { call: 'start', options: { path, ...options } })
      await expect(openLevelStore({ path, ...options })).rejects.toMatchObject({
        code: 'MR_STORE_LOCKED',
        message: expect.stringContaining(`in use by process ${first.pid}`) as string,
      })
      await first.ask('it', { call: 'open', group: 1 })
      await first.ask('it', { call: 'close' })
      expect(await readdir(path)).toEqual(['high-water', 'level'])
      await withStore(path, (store) => openGroup(store, 1))
    })
  })

  test('of several that find a dead holder at once, one gets it', async () => {
    await inFolder(async (path) => {
      for (let round = 0; round < 5; round++) {
        const dead = await writeDeadLock(path, round)
        const starts = hosts.map((host) => codeOf(host.ask('it', { call: 'start', options: { path, ...options } })))
        const codes = await Promise.all(starts)
        expect([...codes].sort()).toEqual(['MR_STORE_LOCKED', 'MR_STORE_LOCKED', 'no error'])
        const lock = JSON.parse(await readFile(join(path, 'lock'), 'utf8')) as LockHolder
        expect([lock.token === dead, lock.pid]).toEqual([false, hosts[codes.indexOf('no error')]!.pid])
        await hosts[codes.indexOf('no error')]!.ask('it', { call: 'close' })
        expect((await readdir(path)).filter((name) => name.startsWith('lock'))).toEqual([])
      }
    })
  })

  test('a process in another container is judged by the lock that the kernel keeps', async () => {
    await inFolder(async (path) => {
      const first = hosts[0]!
      await first.ask('it', { call: 'start', options: { path, ...options } })
      const lock = JSON.parse(await readFile(join(path, 'lock'), 'utf8')) as Holder
      const seen = JSON.stringify({ ...lock, pid: 1, namespace: 'pid:[1]' })
      const own = await readFile(join(path, 'lock'))
      await writeFile(join(path, 'lock'), seen)
      expect(await codeOf(openLevelStore({ path, ...options }))).toBe('MR_STORE_LOCKED')
      expect(await readFile(join(path, 'lock'), 'utf8')).toBe(seen) // and it was not taken away
      await writeFile(join(path, 'lock'), own)
      await first.ask('it', { call: 'close' })
      await writeFile(join(path, 'lock'), seen)
      await withStore(path, (store) => openGroup(store, 1))
    })
  })

  test('a failed open gives the folder back', async () => {
    await inFolder(async (path) => {
      await withStore(path, async () => undefined)
      await rename(join(path, 'level'), join(path, 'away'))
      expect(await codeOf(openLevelStore({ path, ...options }))).toBe('MR_STORE_CORRUPT')
      await rename(join(path, 'away'), join(path, 'level'))
      await withStore(path, (store) => openGroup(store, 1))
    })
  })
})

describe('a lock that is lost', () => {
  test.each([
    ['removed', async (lock: string) => rm(lock)],
    ['replaced', async (lock: string) => writeFile(lock, '{}')],
  ])('%s: no commit is made any more', async (_, lose) => {
    await inFolder(async (path) => {
      await withStore(
        path,
        async (store) => {
          const { epoch } = await openGroup(store, 1)
          await commit(store, commitOf(1, epoch, 1))
          await lose(join(path, 'lock'))
          const lost = { code: 'MR_STORE_LOST_LOCK', certain: true }
          await expect(commit(store, commitOf(1, epoch, 2))).rejects.toMatchObject(lost)
          await expect(openGroup(store, 1)).rejects.toMatchObject(lost)
        },
        { lockCheckMs: 0 },
      )
      await withStore(path, async (store) => expect(numbersOf(await openGroup(store, 1))).toEqual([1]))
    })
  })
})

describe('who is dead', () => {
  const self = thisProcess()
  const cases: [string, Partial<Holder>, string][] = [
    ['this process', {}, 'alive'],
    ['the process that started us', { pid: process.ppid }, self.start === '' ? 'alive' : 'dead'], // started at another time
    ['a number that nobody has', { pid: 2 ** 22 + 1 }, 'dead'],
    ['a process of another boot', { boot: 'before' }, 'dead'],
    ['a process of another container', { namespace: 'pid:[1]' }, 'foreign'],
  ]
  test.each(cases)('%s', (_, holder, judgement) => {
    expect(judge({ ...self, ...holder }, self)).toBe(judgement)
  })
})

/** Lets one of several go on at a time, chosen by a seed, when all others wait too. So a seed is one order of steps. */
class OneAtATime {
  readonly #prng: Prng
  readonly #waiting: (() => void)[] = []
  #running: number

  constructor(seed: number, running: number) {
    this.#prng = new Prng(seed, 3)
    this.#running = running
  }

  pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      this.#next()
    })
  }

  finished(): void {
    this.#running -= 1
    this.#next()
  }

  #next(): void {
    if (this.#waiting.length < this.#running || this.#running === 0) return
    const [resolve] = this.#waiting.splice(this.#prng.below(this.#waiting.length), 1)
    resolve!()
  }
}

describe('every order of steps', () => {
  const before = fc.constantFrom('nobody', 'a dead one', 'a dead chain', 'garbage')
  const contenders = [1, 2, 3, 4]

  test.prop([fc.noShrink(fc.integer()), before], { numRuns: 50 })('never two holders', async (seed, found) => {
    await inFolder(async (path) => {
      if (found !== 'nobody') await writeDeadLock(path, 0)
      if (found === 'garbage') await writeFile(join(path, 'lock'), '')
      if (found === 'a dead chain')
        await writeFile(join(path, 'lock.00'), JSON.stringify({ ...deadHolder, token: '01' }))
      const order = new OneAtATime(seed, contenders.length)
      const alive = new Set(contenders)
      const holding = new Set<number>()
      const contend = async (pid: number): Promise<void> => {
        const world: LockWorld = {
          self: { pid, start: '', boot: '', namespace: '' },
          judge: (holder) => (alive.has(holder.pid) ? 'alive' : 'dead'),
          pause: () => order.pause(),
        }
        for (;;) {
          await order.pause()
          const lock = await takeLock(path, async () => undefined, world).catch((error: unknown) => {
            expect(error).toMatchObject({ code: 'MR_STORE_LOCKED' })
          })
          if (lock === undefined) continue
          holding.add(pid)
          for (let i = 0; i < 3; i++) {
            expect([[...holding], lock.held()]).toEqual([[pid], true])
            await order.pause()
          }
          holding.delete(pid)
          if (pid % 2 === 1)
            alive.delete(pid) // it dies, and leaves its lock behind
          else await lock.release()
          return order.finished()
        }
      }
      await Promise.all(contenders.map(contend))
      expect((await readdir(path)).filter((name) => name !== 'lock')).toEqual([])
    })
  })
})

const deadHolder = {
  pid: 2 ** 22 + 1,
  start: '0',
  boot: thisProcess().boot,
  namespace: thisProcess().namespace,
  since: '',
}

/** Returns the token. */
async function writeDeadLock(path: string, round: number): Promise<string> {
  const token = round.toString(16).padStart(2, '0')
  await mkdir(path, { recursive: true })
  await writeFile(join(path, 'lock'), JSON.stringify({ ...deadHolder, token }))
  return token
}
