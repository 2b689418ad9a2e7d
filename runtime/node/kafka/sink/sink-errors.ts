import { MillraceError, messageOf } from '../../../base/errors.ts'
import { sinkBroken } from '../../../ports/sink-refusals.ts'

/** `certain`: nothing of what was being written can be in effect. */
export function topicNotWritable(topic: string, doing: string, cause: unknown, certain: boolean): MillraceError {
  if (cause instanceof MillraceError) return cause
  return sinkBroken(`failed while ${doing} topic ${topic}: ${messageOf(cause)}`, { certain, cause })
}

export function positionsNotKept(topic: string, positionsTopic: string, cause: unknown): MillraceError {
  return new MillraceError(
    'MR_SINK_FAILED',
    `positions of topic ${topic} cannot be kept in topic ${positionsTopic}: ${messageOf(cause)}`,
    {
      next: `Grant the right to create it, or create it by hand: one partition, cleanup.policy=compact; or choose guarantee: 'at-least-once'`,
      cause,
    },
  )
}

export function notCompacted(positionsTopic: string, policy: string): MillraceError {
  return new MillraceError(
    'MR_SINK_FAILED',
    `topic ${positionsTopic} keeps positions, but its cleanup.policy is ${policy}: they would be lost`,
    {
      next: 'Set cleanup.policy=compact on it',
    },
  )
}

export function outputsLost(topic: string, partition: number, end: number, written: number): MillraceError {
  return new MillraceError(
    'MR_SINK_DIVERGED',
    `partition ${partition} of topic ${topic} ends at offset ${end}, but records up to ${written} were written to it`,
    {
      next: 'The topic was made anew, or brokers have lost records: put it back as it was, or start anew with a new data folder and another id for this sink',
    },
  )
}

export function positionsUnreadable(positionsTopic: string): MillraceError {
  return new MillraceError(
    'MR_SINK_DIVERGED',
    `topic ${positionsTopic} holds positions that this version cannot read`,
    {
      next: 'Run the version that wrote them, or give this sink another id and start with a new data folder',
    },
  )
}

export function outputTooLarge(sizeBytes: number, limitBytes: number): MillraceError {
  return new MillraceError(
    'MR_MESSAGE_TOO_LARGE',
    `an output of ${sizeBytes} bytes does not fit the topic, which takes ${limitBytes}`,
    {
      next: "Make it smaller, or raise the topic's max.message.bytes",
    },
  )
}
