import { defaultShardCount } from '../../runtime/base/limits.ts'
import { checkTopicsOnly } from '../run/processes/check-topics-only.ts'
import { completeFile, type GivenEnds } from './ends.ts'
import { onStopSignals } from './stop-signals.ts'

export interface JoinCommandOptions extends GivenEnds {
  readonly application: string
  readonly groups: number
  readonly data: string
  readonly host: string
  readonly revision: number
  readonly inSyncReplicas: number
  readonly silenceMs: number
}

/** `millrace join`: one process of an application that several run, until it is stopped. */
export async function joinCommand(file: string, options: JoinCommandOptions): Promise<void> {
  const { application, groups, data, host, revision, inSyncReplicas, silenceMs } = options
  const complete = await completeFile(file, options)
  const kafka = checkTopicsOnly(complete)
  const say = (text: string): void => console.error(`${application}: ${text}`)
  // Nobody else waits for gRPC and the client of Kafka to be loaded.
  const { ApplicationProcess } = await import('../run/processes/application-process.ts')
  const member = await ApplicationProcess.start(complete, {
    application,
    kafka,
    division: { shardCount: defaultShardCount, groupCount: groups },
    inSyncReplicas,
    data,
    host,
    version: revision,
    silenceMs,
    changed: (here) => say(`groups here: ${here.join(' ') || 'none'} (of ${groups})`),
    notice: say,
  })
  say('a member')
  const unlisten = onStopSignals(say, () => member.stop())
  try {
    await member.done
  } finally {
    unlisten()
  }
}
