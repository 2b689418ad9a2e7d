import { assert } from './assert.ts'

/** Every limit, with its reason. Sizes are bytes, times are milliseconds. */

/** Slices of the key space. Belongs to the data: chosen once, when a store is created. */
export const defaultShardCount: number = 128
/** A shard is written as 16 bits. */
export const maxShardCount: number = 4_096

/** Threads of one process. More than there are shards would have nothing to do. */
export const maxWorkers: number = 64

/** Keys are rows' names in the store and are held in memory: long ones are a mistake (a whole record used as a key). */
export const maxKeyBytes: number = 1_024
/** One message or output. It must fit a frame and a commit record. */
export const maxMessageBytes: number = 1 << 20
/** One entity's state, or one activity. Larger states belong in several entities or activities. */
export const maxStateBytes: number = 16 << 20

/** A batch takes no more than this while it waits for the commit before: room for a disk that is slow for once. */
export const maxBatchMessages: number = 32_768
/** While sources have plenty, a batch of less than this part of the largest waits for it: smaller ones cost too many commits. */
export const waitingShare = 4
/** So many entities make a batch large enough, however few messages: what it touches should still be in the processor's cache at the seal. */
export const enoughRows: number = 2_048
/** While sources have little: from the beginning of a commit to that of the next. The least that a timer of Node.js can wait. */
export const commitPauseMs = 1
/** A batch of so many messages does not wait for that: handling them takes longer than what their commit costs anyway. */
export const smallBatchMessages: number = 512
export const maxBatchBytes: number = 4 << 20
/** Messages between entities that may be run in the same commit, one causing the next. The rest waits for the next commit. */
export const maxHops: number = 16
/** Messages that one batch may cause inside its commit group before the rest waits for the next commit. */
export const maxLocalMessages: number = 65_536
/** Waiting messages of a commit group beyond which a loop that multiplies messages is stopped by name. */
export const maxWaitingMessages: number = 4_000_000

/** Outputs that a sink has not confirmed, beyond which sources wait. */
export const maxUnconfirmedBytes: number = 16 << 20
/** Frames on a link that the receiver has not committed, beyond which the link waits. */
export const linkCreditBytes: number = 4 << 20
export const maxFrameBytes: number = 256 << 10
/** How long a program that starts waits for brokers that do not answer: long enough for one that starts beside it. */
export const brokerStartMs = 10_000
/** Silence on a link after which its sender asks, or greets again. */
export const linkResendMs = 250

/**
 * Frames that wait for the stream to another process. Beyond it they are dropped, so it is the credit of several links: lanes stop
 * by themselves before that, unless many groups of two processes write to each other at once and the network does not follow.
 */
export const streamQueueBytes: number = 32 << 20
/** What a pair of groups may always have waiting there, whatever the others have: so every session gets on, if slowly. */
export const streamShareBytes: number = 512 << 10
/** Frames are put together into messages of a stream up to this size: small ones would cost as much as large ones. */
export const streamMessageBytes: number = 64 << 10
/** Handed to a stream and not yet written to its connection. What waits beyond it waits where it can be counted. */
export const streamInFlightBytes: number = 512 << 10
/** Of HTTP/2: bytes under way that were not taken. Its own 64 KiB would allow that much for each round trip. */
export const streamWindowBytes: number = 4 << 20
/** One message of a stream: a frame holds no more than its receiver can commit at once. */
export const maxStreamMessageBytes: number = 1 << 28
/** A process that has not answered by then is not there. */
export const streamOpenMs = 5_000
/** Silence of a connection after which it is tried, and how long that may take. */
export const streamKeepaliveMs = 5_000
/** From one attempt to reach a process to the next, doubling from the first to the second. */
export const streamRetryMs = 50
export const maxStreamRetryMs = 4_000

/** Entities held in memory, as encoded bytes and what finds them. */
export const defaultCacheBytes: number = 256 << 20
/** For each so many bytes of that, one entity may stay an object between batches although messages seldom reach it. */
export const bytesPerRowAwake: number = 16 << 10
/** For each so many bytes of that, one entity is expected to lie in the processor's cache anyway: by default 8,192. */
export const bytesPerNearRow: number = 32 << 10
/**
 * Commit records that a worker keeps for rows that are not written back, at most, where it holds so much in memory. Entities in them cannot
 * be let go, and after a kill one thread reads them: 10 ms a MB.
 */
export function writeBackBytes(cacheBytes: number): number {
  return Math.floor(Math.min(cacheBytes / 4, 24 << 20))
}

/** Records of a worker that wait for offloaded steps, and their bytes with those of the results: beyond that, sources wait. */
export const maxOffloadedRecords: number = 2_048
export const maxOffloadedBytes: number = 8 << 20
/** Values that one task of the offload pool takes along. */
export const maxOffloadChunk: number = 256
/** A value over which so many threads have died is given up. */
export const maxOffloadAttempts: number = 3
/** How long a thread of the offload pool may take to start and to load the program's file. */
export const offloadLoadMs: number = 120_000

/** How long a request id is remembered. */
export const requestRetentionMs: number = 24 * 3_600_000

assert(maxStateBytes + maxMessageBytes < 1 << 28, 'a commit record must hold any one state and message')
assert(linkCreditBytes > maxMessageBytes, 'credit must let the largest message pass')
assert(maxBatchMessages < maxLocalMessages, 'a batch must have room for what it causes')
assert(streamQueueBytes >= 2 * linkCreditBytes, 'the credit of a link must fit what may wait for a stream')
assert(streamShareBytes > maxFrameBytes, 'a full frame must fit the share of a pair of groups')
