/**
 * One direction of a link, for the models of lanes.
 *
 * What is sent arrives in order, unless a fault makes a packet late, or leaves a copy of it that comes late. A late
 * packet arrives at any later time, after any number of others; or never, which is how it is lost.
 */
import { copyOf } from './explore.ts'

export interface Link<Packet> {
  readonly inOrder: Packet[]
  readonly late: Packet[]
}

export interface Arrival<Packet> {
  readonly packet: Packet
  readonly isLate: boolean
  /** Takes the packet off the copy of the link that belongs to the next state. */
  takeFrom(link: Link<Packet>): void
}

export function emptyLink<Packet>(): Link<Packet> {
  return { inOrder: [], late: [] }
}

/** What may arrive next: the first packet in order, and every late one. */
export function arrivals<Packet>(link: Link<Packet>): Arrival<Packet>[] {
  const late = link.late.map((packet, index) => ({
    packet,
    isLate: true,
    takeFrom: (to: Link<Packet>) => void to.late.splice(index, 1),
  }))
  const [first] = link.inOrder
  if (first === undefined) return late
  return [{ packet: first, isLate: false, takeFrom: (to: Link<Packet>) => void to.inOrder.shift() }, ...late]
}

/** Fault: the first packet is overtaken by others, or lost. */
export function makeLate<Packet>(link: Link<Packet>): void {
  const first = link.inOrder.shift()
  if (first !== undefined) link.late.push(first)
}

/** Fault: the first packet leaves a copy behind. */
export function makeLateCopy<Packet>(link: Link<Packet>): void {
  const [first] = link.inOrder
  if (first !== undefined) link.late.push(copyOf(first))
}
