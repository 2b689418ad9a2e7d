/**
 * Mistakes that can be planted, one at a time, to show that the simulator would find them. Each is one
 * marked condition (`bugs.<name>`) at the place where the rule is kept. Nothing but a test ever sets one.
 */
export interface Bugs {
  /** Acks what was received, before its commit is durable (RULE 3). */
  readonly ackOnReceipt: boolean
  /** Accepts what is not the next of its session (RULE 2). */
  readonly acceptHigherNumber: boolean
  /** The receiver's incarnation is no part of the session: one that opened anew goes on in the middle of it (RULES 2, 8). */
  readonly markAcrossReopenedSession: boolean
  /** A source is read again from the highest durable position, not from the lowest (RULE 8). */
  readonly resumeFromHighest: boolean
  /** An ack of an older session prunes (RULE 3). */
  readonly staleAckPrunes: boolean
  /** What was staged from an older session is still taken after a handshake (RULE 2). */
  readonly stagedSurvivesHandshake: boolean
  /** A handshake compares numbers, but not chain hashes (RULE 4). */
  readonly handshakeComparesNumbersOnly: boolean
  /** No ack while the own outbox is full (RULE 6). */
  readonly creditWithheldWhileOutboxFull: boolean
  /** Acks do not carry the cut number (RULE 9). */
  readonly cutMissingOnAcks: boolean
  /** Something leaves the group before its commit is durable (RULE 1). */
  readonly releaseBeforeCommit: boolean
  /** Effects and watermark are two writes. */
  readonly watermarkInSecondWrite: boolean
  /** A state that a handler returns is encoded at the commit, not at the return (RULE 7). */
  readonly encodeStateAtCommitNotReturn: boolean
  readonly timerFiredAndRemovedInTwoCommits: boolean
  /** A query is answered from what is not durable yet (RULE 1). */
  readonly queryFromMemory: boolean
}

export const noBugs: Bugs = {
  ackOnReceipt: false,
  acceptHigherNumber: false,
  markAcrossReopenedSession: false,
  resumeFromHighest: false,
  staleAckPrunes: false,
  stagedSurvivesHandshake: false,
  handshakeComparesNumbersOnly: false,
  creditWithheldWhileOutboxFull: false,
  cutMissingOnAcks: false,
  releaseBeforeCommit: false,
  watermarkInSecondWrite: false,
  encodeStateAtCommitNotReturn: false,
  timerFiredAndRemovedInTwoCommits: false,
  queryFromMemory: false,
}
