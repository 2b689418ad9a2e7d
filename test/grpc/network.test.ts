import { ChannelCredentials, Server, ServerCredentials, type ServiceDefinition } from '@grpc/grpc-js'
import { once } from 'node:events'
import type { ServerHttp2Session } from 'node:http2'
import { promisify } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { streamInFlightBytes, streamQueueBytes, streamWindowBytes } from '../../runtime/base/limits.ts'
import { writeCard } from '../../runtime/node/grpc/identity.ts'
import {
  beginStream,
  linksService,
  type ServerStream,
  streamOptions,
  widenWindow,
} from '../../runtime/node/grpc/service.ts'
import { Proxy } from '../kafka/support/proxy.ts'
import { eventually } from '../support/eventually.ts'
import { membership } from './support/process-links-under-test.ts'
import { frameOf, Processes, sayUntilHeard, type Side } from './support/two-processes.ts'

const impatient = { openMs: 100, silenceMs: 100, answerMs: 100 }

/** Two processes; the way from the first to the second, in both directions, leads through the proxy. */
async function throughProxy(all: Processes, proxy: Proxy): Promise<[Side, Side]> {
  const a = await all.side(0, 'a', { patience: impatient })
  const b = await all.side(1, 'b', { patience: impatient })
  proxy.aim(b.process.port)
  all.places.set(1, { address: `127.0.0.1:${proxy.port}`, incarnation: 'b' })
  await sayUntilHeard(a, 1, b, 1)
  return [a, b]
}

test('a connection that is cut is replaced, by whoever has something to say first', async () => {
  await using proxy = await Proxy.start()
  await using all = new Processes()
  const [a, b] = await throughProxy(all, proxy)
  for (let i = 2; i < 12; i += 2) {
    proxy.cut()
    await sayUntilHeard(a, 1, b, i)
    proxy.cut()
    await sayUntilHeard(b, 0, a, i + 1)
  }
  await eventually(() => [a, b].every(({ process }) => process.peers[0]!.streams === 1))
})

test('a network that swallows everything is noticed by both, and what waited is let go', async () => {
  await using proxy = await Proxy.start()
  await using all = new Processes()
  const [a, b] = await throughProxy(all, proxy)
  proxy.hush()
  a.links.send(1, frameOf(2))
  b.links.send(0, frameOf(3))
  await eventually(() => [a, b].every(({ process }) => process.peers[0]!.streams === 0))
  expect([a, b].map(({ process }) => process.peers[0]!.waitingBytes)).toEqual([0, 0])
  proxy.cut()
  proxy.speak()
  await sayUntilHeard(a, 1, b, 4)
  await sayUntilHeard(b, 0, a, 5)
})

test('a process that does not answer is given up, and tried again later', async () => {
  await using proxy = await Proxy.start()
  await using all = new Processes()
  const a = await all.side(0, 'a', { patience: { ...impatient, openMs: 20 } })
  const b = await all.side(1, 'b')
  proxy.aim(b.process.port)
  all.places.set(1, { address: `127.0.0.1:${proxy.port}`, incarnation: 'b' })
  proxy.hush()
  await eventually(() => {
    a.links.send(1, frameOf(1))
    return a.process.peers[0]!.begun === 3
  })
  expect(a.process.peers[0]!.streams).toBe(1)
  expect(b.numbers).toEqual([])
  proxy.speak()
  await sayUntilHeard(a, 1, b, 2)
})

test('a peer that takes nothing costs a bounded amount of memory, and goes on where it takes again', async () => {
  await using proxy = await Proxy.start()
  await using all = new Processes()
  const a = await all.side(0, 'a')
  const b = await all.side(1, 'b')
  proxy.aim(b.process.port)
  all.places.set(1, { address: `127.0.0.1:${proxy.port}`, incarnation: 'b' })
  await sayUntilHeard(a, 1, b, 1)
  proxy.hush()
  const size = 64 << 10
  const count = 8_000 // half a GiB
  const before = held()
  let highest = 0
  for (let i = 0; i < count; i++) {
    a.links.send(1, frameOf(2 + i, size))
    if (i % 100 !== 0) continue
    await eventually(() => true) // the stream takes what it will
    if (i % 1_000 === 0) highest = Math.max(highest, held() - before)
  }
  const { dropped, waitingBytes } = a.process.peers[0]!
  expect(waitingBytes).toBeLessThanOrEqual(streamQueueBytes)
  expect(dropped * size).toBeGreaterThan(count * size - streamQueueBytes - 4 * streamWindowBytes)
  // The queue, what the stream was handed, what it has copied, and what lies in the proxy, which is in this process too.
  expect(highest).toBeGreaterThan(streamQueueBytes * 0.9)
  expect(highest).toBeLessThan(streamQueueBytes + 2 * streamInFlightBytes + 2 * streamWindowBytes)
  proxy.speak()
  await eventually(() => a.process.peers[0]!.waitingBytes === 0)
  await sayUntilHeard(a, 1, b, count + 2)
  const heard = b.numbers.slice(1, -1)
  expect(heard).toEqual(heard.toSorted((x, y) => x - y))
})

/** Bytes in buffers that somebody holds. */
function held(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  collect() // ends what the first leaves to another thread
  return process.memoryUsage().arrayBuffers
}

test('frames pass whole through a connection that carries a few bytes at a time', async () => {
  await using proxy = await Proxy.start()
  await using all = new Processes()
  const a = await all.side(0, 'a')
  const b = await all.side(1, 'b')
  proxy.aim(b.process.port)
  all.places.set(1, { address: `127.0.0.1:${proxy.port}`, incarnation: 'b' })
  await sayUntilHeard(a, 1, b, 1)
  proxy.slow({ pieceBytes: 777, pauseMs: 0 })
  for (let i = 2; i < 12; i++) a.links.send(1, frameOf(i, 10_000))
  await eventually(() => b.numbers.at(-1) === 11)
  expect(b.numbers.slice(-10)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
})

test('a stream that carries junk is ended, and nothing else happens', async () => {
  await using all = new Processes()
  const a = await all.side(0, 'a')
  const b = await all.side(1, 'b')
  await sayUntilHeard(a, 1, b, 1)
  const identity = { ...membership, incarnation: 'babbler' }
  const address = `127.0.0.1:${b.process.port}`
  const call = beginStream(address, writeCard(identity, 'b'), ChannelCredentials.createInsecure(), {})
  const ended = once(call, 'error')
  call.on('data', () => {})
  call.write(Buffer.from([0, 0, 0, 1, 0, 0, 1, 0, 42]))
  expect((await ended)[0]).toMatchObject({ details: 'that is no frame' })
  await sayUntilHeard(a, 1, b, 2)
  expect(b.numbers.filter((number) => number > 2)).toEqual([])
})

test('both ends of a connection have the window that is wanted', async () => {
  const options = streamOptions({ silenceMs: 5_000, answerMs: 5_000 })
  const server = new Server(options)
  let accepted!: (session: ServerHttp2Session) => void
  const session = new Promise<ServerHttp2Session>((resolve) => {
    accepted = resolve
  })
  server.addService(linksService as unknown as ServiceDefinition, {
    exchange: (call: ServerStream) => {
      call.on('error', () => {})
      accepted(widenWindow(call)!)
    },
  })
  const bind = promisify(server.bindAsync.bind(server))
  const port = await bind('127.0.0.1:0', ServerCredentials.createInsecure())
  const metadata = writeCard({ ...membership, incarnation: 'x' })
  const call = beginStream(`127.0.0.1:${port}`, metadata, ChannelCredentials.createInsecure(), options)
  call.on('error', () => {})
  const own = await session
  await eventually(() => own.localSettings.initialWindowSize === streamWindowBytes)
  expect(own.state.effectiveLocalWindowSize).toBe(streamWindowBytes)
  expect(own.remoteSettings.initialWindowSize).toBe(streamWindowBytes)
  expect(own.state.remoteWindowSize).toBe(streamWindowBytes)
  call.cancel()
  server.forceShutdown()
})
