import type { GroupLinks } from '../../../runtime/node/grpc/group-links.ts'
import type { GroupPlace, ProcessLinks, ProcessLinksOptions } from '../../../runtime/node/grpc/process-links.ts'
import { eventually } from '../../support/eventually.ts'
import { listen } from './process-links-under-test.ts'

/** A group with a process of its own. */
export interface Side {
  readonly process: ProcessLinks
  readonly links: GroupLinks
  /** What came, as the numbers that were sent. */
  readonly numbers: number[]
}

/** Groups in processes, who all find each other. */
export class Processes implements AsyncDisposable {
  readonly places = new Map<number, GroupPlace>()
  readonly #open: ProcessLinks[] = []

  async process(incarnation: string, options: Partial<ProcessLinksOptions> = {}): Promise<ProcessLinks> {
    const process = await listen(incarnation, (group) => this.places.get(group), options)
    this.#open.push(process)
    return process
  }

  /** Runs a group in a process, and says so. */
  join(group: number, incarnation: string, process: ProcessLinks): Side {
    const numbers: number[] = []
    const links: GroupLinks = process.join(group, () => {
      for (let arrival = links.poll(); arrival !== undefined; arrival = links.poll())
        numbers.push(numberOf(arrival.frame))
    })
    this.places.set(group, { address: `127.0.0.1:${process.port}`, incarnation })
    return { process, links, numbers }
  }

  async side(group: number, incarnation: string, options: Partial<ProcessLinksOptions> = {}): Promise<Side> {
    return this.join(group, incarnation, await this.process(incarnation, options))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const process of this.#open) process.close()
  }
}

/** A frame that says a number, of so many bytes. */
export function frameOf(number: number, size = 4): Uint8Array {
  const frame = new Uint8Array(size)
  new DataView(frame.buffer).setUint32(0, number)
  return frame
}

function numberOf(frame: Uint8Array): number {
  return new DataView(frame.buffer, frame.byteOffset).getUint32(0)
}

/** As lanes do: says it again until it is heard. Returns how often it was said; the last ones may still be under way. */
export async function sayUntilHeard(from: Side, to: number, hearer: Side, number: number): Promise<number> {
  let said = 0
  await eventually(() => {
    if (hearer.numbers.includes(number)) return true
    from.links.send(to, frameOf(number))
    said += 1
    return false
  })
  return said
}
