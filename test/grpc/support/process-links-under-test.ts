import { setImmediate as turn } from 'node:timers/promises'
import { MessageChannel } from 'node:worker_threads'
import type { Membership } from '../../../runtime/node/grpc/identity.ts'
import { type GroupPlace, ProcessLinks, type ProcessLinksOptions } from '../../../runtime/node/grpc/process-links.ts'
import type { LinksUnderTest } from '../../../runtime/ports/contracts/link.ts'
import { ThreadEnd } from '../../../runtime/node/grpc/thread-end.ts'
import { PortLinks } from '../../../runtime/node/threads/port-links.ts'
import type { Links } from '../../../runtime/ports/link.ts'

export const membership: Membership = { application: 'bank', data: 'd1', shardCount: 8, program: 'p1' }

/** The links of a process that tells nobody what it refuses. It listens on any port of the loopback. */
export function listen(
  incarnation: string,
  placeOf: (group: number) => GroupPlace | undefined,
  options: Partial<ProcessLinksOptions> = {},
): Promise<ProcessLinks> {
  return ProcessLinks.listen({
    identity: { ...membership, incarnation },
    host: '127.0.0.1',
    port: 0,
    placeOf,
    refused: () => {},
    ...options,
  })
}

interface End extends Links {
  close(): void
}

/** Runs a group on this thread, or as if it were on another: with a port for each of its peers. */
type Join = (process: ProcessLinks, group: number, wake: () => void) => End

const joined: Join = (process, group, wake) => {
  const links = process.join(group, wake)
  return { send: (peer, frame) => links.send(peer, frame), poll: () => links.poll(), close: () => {} }
}

export const bridged: Join = (process, group, wake) => {
  const end = new ThreadEnd(group, (from, to, frame) => process.send(from, to, frame))
  process.attach(group, end)
  const links = new PortLinks(wake)
  for (const peer of [0, 1, 2, 17]) {
    const { port1, port2 } = new MessageChannel()
    if (peer === group) continue
    end.connect(peer, port1)
    links.connect(peer, port2)
  }
  return {
    send: (peer, frame) => links.send(peer, frame),
    poll: () => links.poll(),
    close: () => {
      links.close()
      end.close()
    },
  }
}

/** Three groups in processes of their own, or of which some share one: `processOf` says which. */
export async function linksUnderTest(processOf: readonly number[], join: Join = joined): Promise<LinksUnderTest> {
  const groups = processOf.map((_, group) => group)
  const places = new Map<number, GroupPlace>()
  const processes = new Map<number, ProcessLinks>()
  const wakes = groups.map(() => 0)
  const living = new Set(groups)
  const due = groups.map(() => 0)
  const ends: End[] = []
  let lives = 0

  const openProcess = async (process: number): Promise<void> => {
    const incarnation = `${process}-${lives++}`
    const links = await listen(incarnation, (group) => places.get(group))
    processes.set(process, links)
    for (const group of groups) {
      if (processOf[group] !== process) continue
      places.set(group, { address: `127.0.0.1:${links.port}`, incarnation })
      living.add(group)
      due[group] = wakes[group]!
      const end = join(links, group, () => (wakes[group]! += 1))
      ends[group] = {
        send: (peer, frame) => {
          if (living.has(peer)) due[peer]! += 1
          end.send(peer, frame)
        },
        poll: () => end.poll(),
        close: () => end.close(),
      }
    }
  }
  for (const process of new Set(processOf)) await openProcess(process)
  return {
    ends,
    wakes: (group) => wakes[group]!,
    settle: async () => {
      while (groups.some((group) => living.has(group) && wakes[group]! < due[group]!)) await turn()
    },
    lose: async (group) => {
      living.delete(group)
      processes.get(processOf[group]!)!.close()
      ends[group]!.close()
    },
    reopen: (group) => openProcess(processOf[group]!),
    dispose: async () => {
      for (const links of processes.values()) links.close()
      for (const end of ends) end.close()
    },
  }
}
