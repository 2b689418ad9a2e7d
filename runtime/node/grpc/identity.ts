import { Metadata } from '@grpc/grpc-js'
import { MillraceError } from '../../base/errors.ts'

/** Raised when frames change (runtime/shard/lanes), or how they are packed: processes of other builds refuse each other then. */
const streamFormat = 2

/** What processes must have in common before they exchange a frame. */
export interface Membership {
  /** Which application: two of them may run on the same machines. */
  readonly application: string
  /** Which data: the same application may run twice, on test data and in earnest. */
  readonly data: string
  readonly shardCount: number
  /** Which program, as finely as those who start it want it to be the same in every process. */
  readonly program: string
}

/** One life of one process. */
export interface ProcessIdentity extends Membership {
  /** Different in every life of every process. */
  readonly incarnation: string
}

interface Card extends ProcessIdentity {
  readonly format: number
  /** In a request: the incarnation that it is meant for. */
  readonly expected?: string | undefined
}

const cardKey = 'millrace-card-bin'

export function writeCard(identity: ProcessIdentity, expected?: string): Metadata {
  const { application, data, shardCount, program, incarnation } = identity
  const card: Card = { format: streamFormat, application, data, shardCount, program, incarnation, expected }
  const metadata = new Metadata()
  metadata.set(cardKey, Buffer.from(JSON.stringify(card)))
  return metadata
}

/** Undefined: whoever is there does not speak as we do. */
export function readCard(metadata: Metadata): Card | undefined {
  try {
    const [bytes] = metadata.get(cardKey)
    return bytes === undefined ? undefined : (JSON.parse(bytes.toString()) as Card)
  } catch {
    return undefined
  }
}

/** Why a process is not one of ours; undefined: it is. `where`: how it is reached. */
export function refusalOf(ours: Membership, theirs: Card | undefined, where: string): MillraceError | undefined {
  const refused = (what: string, own: string | number, other: string | number, next: string): MillraceError =>
    new MillraceError('MR_PEER_REFUSED', `the process at ${where} has ${what} "${other}", and this one "${own}"`, {
      next: `Nothing was exchanged with it. ${next}`,
    })
  if (theirs?.format !== streamFormat) {
    const next = 'Run the same version of Millrace in every process'
    return refused('the stream format', streamFormat, theirs?.format ?? 'unknown', next)
  }
  if (theirs.application !== ours.application) {
    const next =
      'If they are one application, give both the same name; if not, look why one has the address of the other'
    return refused('the application', ours.application, theirs.application, next)
  }
  if (theirs.data !== ours.data)
    return refused('the data', ours.data, theirs.data, 'Start all processes of an application on the same data')
  if (theirs.shardCount !== ours.shardCount) {
    const next = 'The number belongs to the data: start both with the one it was created with'
    return refused('a number of shards of', ours.shardCount, theirs.shardCount, next)
  }
  if (theirs.program === ours.program) return undefined
  return refused('the program', ours.program, theirs.program, 'Run the same version of it in every process')
}
