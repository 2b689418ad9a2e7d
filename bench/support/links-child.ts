/** The receiving end of the scenario `links`: on a thread with a message port, or in a process with gRPC. */
import { parentPort, workerData } from 'node:worker_threads'
import type { GroupPlace } from '../../runtime/node/grpc/process-links.ts'
import { PortLinks } from '../../runtime/node/threads/port-links.ts'
import type { Links } from '../../runtime/ports/link.ts'
import { receiveFrames } from './links-ends.ts'
import { listenHere } from './links-process.ts'

let links: Links
const wake = receiveFrames(() => links)
if (parentPort !== null) {
  const ports = (links = new PortLinks(wake))
  ports.connect(0, workerData)
  parentPort.postMessage('ready')
} else {
  const places = new Map<number, GroupPlace>()
  const { links: process_, place } = await listenHere('receiver', places)
  links = process_.join(1, wake)
  process.on('message', (asked: GroupPlace | 'cpu') => {
    if (asked === 'cpu') process.send!(process.cpuUsage())
    else places.set(0, asked)
  })
  process.once('disconnect', () => process_.close())
  process.send!(place)
}
