import { expect } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { test } from '../support/folder.ts'
import { Cluster } from './support/cluster.ts'
import { problemsOf } from './support/tallies.ts'

const timeout = 180_000
const linesAtOnce = 1_500

async function finish(cluster: Cluster): Promise<void> {
  await cluster.reach(1)
  await cluster.end()
  expect(problemsOf(await cluster.written(), cluster.words)).toEqual([])
}

test('two processes, a network that fails in every way, and kill -9: exactly once', { timeout }, async ({ folder }) => {
  await using cluster = await Cluster.start(folder, [0, 1])
  const { proxies } = cluster
  const faults = {
    cut: async () => {
      for (let i = 0; i < 5; i++) {
        for (const proxy of proxies) proxy.cut()
        await cluster.reach(0.1)
      }
    },
    slow: async () => {
      for (const proxy of proxies) proxy.slow({ pieceBytes: 1_000, pauseMs: 1 })
      await cluster.reach(0.2)
      for (const proxy of proxies) proxy.slow(undefined)
    },
    silent: async () => {
      for (const proxy of proxies) proxy.hush()
      await eventually(() => [0, 1].every((process) => cluster.child(process).streams === 0))
      for (const proxy of proxies) proxy.cut()
      for (const proxy of proxies) proxy.speak()
    },
    'a process that stands still': async () => {
      cluster.child(1).halt()
      await eventually(() => cluster.child(0).streams === 0)
      cluster.child(1).goOn()
    },
    'kill -9 of the first': () => cluster.killAndStart(0),
    'kill -9 of the second': () => cluster.killAndStart(1),
  }
  for (const fault of Object.values(faults)) {
    await cluster.feed(linesAtOnce)
    await cluster.reach(0.1)
    await fault()
  }
  await finish(cluster)
})

test('a group that moves to another process and back, while all work: its lanes go on', { timeout }, async ({
  folder,
}) => {
  await using cluster = await Cluster.start(folder, [0, 0, 1])
  for (const process of [1, 0, 1]) {
    await cluster.feed(linesAtOnce)
    await cluster.reach(0.1)
    await cluster.move(1, process)
    await cluster.reach(0.3)
  }
  await cluster.feed(linesAtOnce)
  await cluster.killAndStart(1)
  await finish(cluster)
})

test('what is checked: a loss, a repetition and another order are found', () => {
  const words = ['ab', 'cb', 'ab']
  const right = ['ab 1 1', 'cb 1 2', 'ab 2 3']
  expect(problemsOf(right, words)).toEqual([])
  expect(problemsOf(right.slice(0, 2), words)).toEqual(['ab: ends with 1, not with 2', '-b: ends with 2, not with 3'])
  expect(problemsOf([...right, right[2]!], words)).toContain('ab: 2 follows 2')
  expect(problemsOf([right[1]!, right[0]!, right[2]!], words)).toContain('-b: 2 follows 0')
})
