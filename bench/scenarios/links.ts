/**
 * What a frame costs between two groups: over a message port to another thread, and over gRPC to another process of this machine.
 * One group sends, with the credit of a lane; the other says how far it is.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { MessageChannel, Worker } from 'node:worker_threads'
import { PortLinks } from '../../runtime/node/threads/port-links.ts'
import type { GroupPlace } from '../../runtime/node/grpc/process-links.ts'
import type { Links } from '../../runtime/ports/link.ts'
import { short, spreadOf } from '../support/figures.ts'
import { FrameSender } from '../support/links-ends.ts'
import { listenHere } from '../support/links-process.ts'
import { print, rounds, scale } from '../support/measure.ts'

const child = new URL('../support/links-child.ts', import.meta.url)
const bytesOfRun = Math.round(scale * (256 << 20))

interface Side {
  readonly name: string
  readonly sender: FrameSender
  /** Processor time of both ends so far. */
  cpuMicros(): Promise<number>
  close(): Promise<void>
}

async function ports(): Promise<Side> {
  const { port1, port2 } = new MessageChannel()
  const thread = new Worker(child, { workerData: port2, transferList: [port2] })
  await once(thread, 'message')
  const sender: FrameSender = new FrameSender(() => links, 1)
  const links: PortLinks = new PortLinks(sender.wake)
  links.connect(1, port1)
  return {
    name: 'message port, another thread',
    sender,
    cpuMicros: async () => ownMicros(),
    close: async () => {
      links.close()
      await thread.terminate()
    },
  }
}

async function grpc(): Promise<Side> {
  const receiver = fork(fileURLToPath(child), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const [there] = (await once(receiver, 'message')) as [GroupPlace]
  const { links: own, place } = await listenHere('sender', new Map([[1, there]]))
  receiver.send(place)
  const sender = new FrameSender(() => links, 1)
  const links: Links = own.join(0, sender.wake)
  return {
    name: 'gRPC, another process',
    sender,
    cpuMicros: async () => {
      receiver.send('cpu')
      const [{ user, system }] = (await once(receiver, 'message')) as [NodeJS.CpuUsage]
      return ownMicros() + user + system
    },
    close: async () => {
      own.close()
      receiver.disconnect()
      await once(receiver, 'close')
    },
  }
}

function ownMicros(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

interface Run {
  readonly perSecond: number
  readonly cpuMicrosPerMb: number
}

async function run({ sender, cpuMicros }: Side, sizeBytes: number): Promise<Run> {
  const count = Math.ceil(bytesOfRun / sizeBytes / 8) * 8
  const cpuBefore = await cpuMicros()
  const begun = performance.now()
  await sender.run(count, sizeBytes)
  const seconds = (performance.now() - begun) / 1_000
  const cpuMicrosPerMb = ((await cpuMicros()) - cpuBefore) / ((count * sizeBytes) / 1e6)
  return { perSecond: count / seconds, cpuMicrosPerMb }
}

const sides = [await ports(), await grpc()]
for (const sizeBytes of [16 << 10, 64 << 10]) {
  const runs = sides.map((): Run[] => [])
  for (const side of sides) await run(side, sizeBytes) // warm
  for (let round = 0; round < rounds; round++)
    for (const [i, side] of sides.entries()) runs[i]!.push(await run(side, sizeBytes))
  for (const [i, { name }] of sides.entries()) {
    const { median, lowest, highest } = spreadOf(runs[i]!.map(({ perSecond }) => perSecond))
    const cpu = spreadOf(runs[i]!.map(({ cpuMicrosPerMb }) => cpuMicrosPerMb)).median
    print(
      `${name}, ${sizeBytes >> 10} KiB`,
      `${short(median)} frames/s (${short(lowest)} to ${short(highest)})`,
      `${short((median * sizeBytes) / 1e6)} MB/s, ${short(cpu)} us of processor time per MB`,
    )
  }
}
for (const side of sides) await side.close()
