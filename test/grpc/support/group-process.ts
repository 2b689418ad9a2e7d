/** A process that runs the groups it is told to, and reaches others where it is told that they are. */
import { randomUUID } from 'node:crypto'
import { type GroupPlace, ProcessLinks } from '../../../runtime/node/grpc/process-links.ts'
import { membership } from './process-links-under-test.ts'
import { type RunningGroup, runGroup, shardCount } from './running-group.ts'

export interface ProcessTask {
  readonly folder: string
  readonly groupCount: number
}

export type ToProcess =
  | { readonly kind: 'places'; readonly places: readonly (readonly [group: number, place: GroupPlace])[] }
  | { readonly kind: 'open' | 'leave'; readonly group: number }
  | { readonly kind: 'end' }

export type FromProcess =
  | { readonly kind: 'listening'; readonly port: number; readonly incarnation: string }
  | { readonly kind: 'opened' | 'left'; readonly group: number }
  | { readonly kind: 'streams'; readonly open: number }

const { folder, groupCount } = JSON.parse(process.argv[2]!) as ProcessTask
const tell = (message: FromProcess): void => void process.send!(message)
const incarnation = randomUUID()
let places = new Map<number, GroupPlace>()
const links = await ProcessLinks.listen({
  identity: { ...membership, shardCount, incarnation },
  host: '127.0.0.1',
  port: 0,
  placeOf: (group) => places.get(group),
  refused: (error) => {
    throw error
  },
  patience: { openMs: 5_000, silenceMs: 500, answerMs: 1_500 },
})
const running = new Map<number, RunningGroup>()

async function obey(order: ToProcess): Promise<void> {
  if (order.kind === 'places') places = new Map(order.places)
  else if (order.kind === 'open') {
    running.set(order.group, await runGroup(order.group, groupCount, folder, links))
    tell({ kind: 'opened', group: order.group })
  } else if (order.kind === 'leave') {
    await running.get(order.group)!.leave()
    running.delete(order.group)
    tell({ kind: 'left', group: order.group })
  } else {
    for (const group of running.values()) await group.leave()
    links.close()
    clearInterval(timer)
    process.disconnect()
  }
}

let last: Promise<void> = Promise.resolve()
process.on('message', (order: ToProcess) => {
  last = last.then(() => obey(order))
})
let open = 0
const timer = setInterval(() => {
  const now = links.peers.filter(({ state }) => state === 'open').length
  if (now !== open) tell({ kind: 'streams', open: (open = now) })
}, 5)
tell({ kind: 'listening', port: links.port, incarnation })
