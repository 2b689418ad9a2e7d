import {
  ChannelCredentials,
  type ChannelOptions,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  status,
} from '@grpc/grpc-js'
import type { ServerHttp2Session } from 'node:http2'
import { promisify } from 'node:util'
import { MillraceError } from '../../base/errors.ts'
import { streamKeepaliveMs, streamOpenMs } from '../../base/limits.ts'
import type { AddressedFrame } from './frame-queue.ts'
import { GroupLinks } from './group-links.ts'
import { type ProcessIdentity, readCard, refusalOf, writeCard } from './identity.ts'
import { ownBytes } from './own-bytes.ts'
import { Peer, type PeerCounts, type PeerParts } from './peer.ts'
import { linksService, type Patience, type ServerStream, streamOptions, widenWindow } from './service.ts'

/** Where a group runs. */
export interface GroupPlace {
  /** `HOST:PORT` of the process. */
  readonly address: string
  /** Which life of which process that is. */
  readonly incarnation: string
}

/** The end of a group that runs in this process. The frame is its own. */
export interface GroupEnd {
  arrive(peer: number, frame: Uint8Array): void
}

export interface ProcessLinksOptions {
  readonly identity: ProcessIdentity
  /** Where to listen. Port 0: any that is free. */
  readonly host: string
  readonly port: number
  /** Where a group is at this moment; undefined: nobody knows. Asked for every frame to a group that is not here. */
  readonly placeOf: (group: number) => GroupPlace | undefined
  /** A process was found that is not one of ours: MR_PEER_REFUSED. Once for each of its incarnations. */
  readonly refused: (error: MillraceError) => void
  /** TLS, if both are given. Default: none, which is for one machine or a network that nobody else is in. */
  readonly credentials?: { readonly server: ServerCredentials; readonly channel: ChannelCredentials }
  readonly patience?: Patience
}

const usualPatience: Patience = {
  openMs: streamOpenMs,
  silenceMs: streamKeepaliveMs,
  answerMs: streamKeepaliveMs,
}

/**
 * Links between the groups of several processes. One server for each process, one stream for each pair of processes; frames say from
 * which group they are and to which. Groups of this process reach each other without it.
 *
 * A frame is dropped when its group is nowhere, or not (any more) where it was sent, and when its process is not there or does not
 * take what it is sent: the lanes above begin anew behind it.
 */
export class ProcessLinks {
  readonly #placeOf: ProcessLinksOptions['placeOf']
  readonly #identity: ProcessIdentity
  readonly #server: Server
  readonly #peerParts: PeerParts
  readonly #ends = new Map<number, GroupEnd>()
  readonly #peers = new Map<string, Peer>()
  /** Connections that others have made. */
  readonly #sessions = new Set<ServerHttp2Session>()
  #port = 0
  #strays = 0
  #isClosed = false

  /** Resolves when others can reach it. */
  static async listen(options: ProcessLinksOptions): Promise<ProcessLinks> {
    const links = new ProcessLinks(options)
    await links.#listen(options)
    return links
  }

  private constructor(options: ProcessLinksOptions) {
    const { identity, placeOf, refused, credentials } = options
    const patience = options.patience ?? usualPatience
    const channelOptions: ChannelOptions = streamOptions(patience)
    this.#identity = identity
    this.#placeOf = placeOf
    this.#peerParts = {
      own: identity,
      credentials: credentials?.channel ?? ChannelCredentials.createInsecure(),
      options: channelOptions,
      openMs: patience.openMs,
      nowMs: () => performance.now(),
      arrived: (frame) => this.#arrived(frame),
      refused,
    }
    this.#server = new Server(channelOptions)
    this.#server.addService(linksService as unknown as ServiceDefinition, {
      exchange: (call: ServerStream) => this.#accept(call),
    })
  }

  /** Where it listens. */
  get port(): number {
    return this.#port
  }

  get peers(): PeerCounts[] {
    return [...this.#peers.values()].map(({ counts }) => counts)
  }

  /** Frames that came for a group that is not here. */
  get strays(): number {
    return this.#strays
  }

  /** The links of a group that runs on this thread from now on. */
  join(group: number, wake: () => void): GroupLinks {
    const links = new GroupLinks(group, (from, to, frame) => this.send(from, to, frame), wake)
    this.attach(group, links)
    return links
  }

  /** Where frames for a group go from now on. */
  attach(group: number, end: GroupEnd): void {
    this.#ends.set(group, end)
  }

  /** The group does not run here any more. */
  leave(group: number): void {
    this.#ends.delete(group)
  }

  /** N2: never blocks, never fails. The frame is not touched again by whoever sends it. */
  send(from: number, to: number, frame: Uint8Array): void {
    if (this.#isClosed) return
    const end = this.#ends.get(to)
    if (end !== undefined) return end.arrive(from, ownBytes(frame))
    const place = this.#placeOf(to)
    if (place === undefined || place.incarnation === this.#identity.incarnation) return
    this.#peer(place.incarnation).send({ from, to, frame }, place.address)
  }

  /** Nothing comes or goes any more. */
  close(): void {
    this.#isClosed = true
    for (const peer of this.#peers.values()) peer.close()
    this.#server.forceShutdown()
    // That of grpc-js 1.14.7 ends the connections of a server only if channelz counts them: a process would stay for their sake.
    for (const session of this.#sessions) session.destroy()
  }

  #keep(session: ServerHttp2Session | undefined): void {
    if (session === undefined) return
    if (this.#isClosed) return session.destroy()
    this.#sessions.add(session)
    session.once('close', () => this.#sessions.delete(session))
  }

  async #listen({ host, port, credentials }: ProcessLinksOptions): Promise<void> {
    const bind = promisify(this.#server.bindAsync.bind(this.#server))
    try {
      this.#port = await bind(`${host}:${port}`, credentials?.server ?? ServerCredentials.createInsecure())
    } catch (cause) {
      this.close()
      throw new MillraceError('MR_LISTEN_FAILED', `cannot listen on ${host}:${port}`, {
        next: 'Give an address of this machine and a port that nobody uses; 0 takes any',
        cause,
      })
    }
  }

  #accept(call: ServerStream): void {
    call.on('error', () => {}) // whoever looks after it hears of its end in other ways too
    const card = readCard(call.metadata)
    const own = this.#identity
    if (refusalOf(own, card, call.getPeer()) !== undefined) {
      const details = 'this process is not of the same application'
      call.emit('error', { code: status.FAILED_PRECONDITION, details, metadata: writeCard(own) })
    } else if (card!.expected !== own.incarnation) {
      call.emit('error', { code: status.NOT_FOUND, details: 'the process that was here is gone' })
    } else {
      this.#keep(widenWindow(call))
      this.#peer(card!.incarnation).accept(call)
    }
  }

  #arrived({ from, to, frame }: AddressedFrame): void {
    const end = this.#ends.get(to)
    if (end === undefined) this.#strays += 1
    else end.arrive(from, frame)
  }

  #peer(incarnation: string): Peer {
    let peer = this.#peers.get(incarnation)
    if (peer === undefined) {
      for (const [name, other] of this.#peers) if (other.isIdle) this.#peers.delete(name)
      peer = new Peer(incarnation, this.#peerParts)
      this.#peers.set(incarnation, peer)
    }
    return peer
  }
}
