import { describe, expect, test } from 'vitest'
import { compile } from '../../api/compile.ts'
import { workerOptions } from '../../api/run/worker-options.ts'
import { createCodec } from '../../runtime/codec/codec.ts'
import { commitPauseMs, smallBatchMessages } from '../../runtime/base/limits.ts'
import { SimDisk } from '../../runtime/sim/sim-disk.ts'
import { SimStore } from '../../runtime/sim/sim-store.ts'
import { Worker } from '../../runtime/worker/worker.ts'
import { counting } from './support/counting.ts'
import { endless } from './support/endless.ts'

/** A worker in a world in which everything but time goes on by itself. */
class World {
  /** What its clock was set to. */
  setMs = 1_000_000
  elapsedMs = 0
  polls = 0
  /** Records that the source gives each time. */
  gives = 0
  read = 0
  durable = 0
  readonly worker: Worker
  readonly #later: (() => void)[] = []

  constructor() {
    const partition = endless(
      'ticks',
      () => {
        this.polls += 1
        this.read += this.gives
        return this.gives
      },
      (next) => void (this.durable = next),
    )
    const schedule = (_what: string, run: () => void): void => void this.#later.push(run)
    this.worker = new Worker(
      compile(counting),
      createCodec(),
      {
        clock: { nowMs: () => this.setMs, elapsedMs: () => this.elapsedMs },
        store: new SimStore({ disk: new SimDisk(), durability: 'disk', schedule }),
        partitions: [{ source: 0, partition }],
        sinks: [],
        wake() {},
      },
      workerOptions({ group: 0, groupCount: 1, shardCount: 4, acceptTornRecords: false }),
    )
    this.worker.start()
    this.goOn() // opens, and makes the plan of the source durable
    this.elapsedMs += commitPauseMs
    this.goOn()
    expect(this.worker.state).toBe('running')
  }

  /** Ticks until nothing happens any more without time going on; at most so often. */
  goOn(ticks: number = 200): void {
    for (let i = 0; i < ticks; i++) {
      const more = this.worker.tick()
      const next = this.#later.shift()
      next?.()
      if (!more && next === undefined) return
    }
  }

  /** How many commits that makes. */
  commitsIn(ticks?: number): number {
    const before = this.worker.counts.commits
    this.goOn(ticks)
    return this.worker.counts.commits - before
  }
}

describe('the pace of a worker', () => {
  test('what comes after a pause is committed at once', () => {
    const world = new World()
    world.elapsedMs += 50
    expect(world.commitsIn()).toBe(0)
    world.gives = 1
    world.worker.tick()
    world.gives = 0
    expect(world.commitsIn()).toBe(1)
    expect(world.durable).toBe(1)
    expect(world.worker.idle).toBe(true)
    expect(world.worker.nextLookInMs).toBeUndefined()
  })

  test('of what comes all the time in small pieces one commit is made in each pause, of all that came', () => {
    const world = new World()
    world.elapsedMs += 50
    world.gives = 3
    expect(world.commitsIn()).toBe(1)
    for (let i = 1; i <= 10; i++) {
      expect(world.worker.nextLookInMs).toBe(commitPauseMs)
      const { polls } = world
      world.elapsedMs += commitPauseMs
      expect(world.commitsIn()).toBe(1)
      expect(world.polls - polls).toBe(2) // when the pause is over, and when the commit is done
    }
    expect(world.durable).toBe(world.read - 3)
  })

  test('a batch that is not small does not wait', () => {
    const world = new World()
    world.elapsedMs += 50
    world.gives = smallBatchMessages
    expect(world.commitsIn(200)).toBeGreaterThan(20)
  })

  test('a source that has plenty is read while a commit is on its way', () => {
    const world = new World()
    world.elapsedMs += 50
    world.gives = 2_048
    const { polls } = world
    const commits = world.commitsIn(200)
    expect(commits).toBeGreaterThan(5)
    expect(world.polls - polls).toBeGreaterThan(2 * commits)
  })

  test('a clock that is set back or stands still changes nothing', () => {
    const world = new World()
    world.elapsedMs += 50
    world.gives = 3
    expect(world.commitsIn()).toBe(1)
    world.setMs -= 3_600_000
    expect(world.commitsIn()).toBe(0)
    world.elapsedMs += commitPauseMs
    expect(world.commitsIn()).toBe(1)
  })

  test('a drain does not wait', () => {
    const world = new World()
    world.elapsedMs += 50
    world.gives = 3
    expect(world.commitsIn()).toBe(1)
    expect(world.worker.idle).toBe(false)
    world.worker.drain()
    expect(world.worker.nextLookInMs).toBeUndefined()
    world.goOn()
    expect(world.worker.state).toBe('stopped')
    expect(world.durable).toBe(world.read)
  })
})
