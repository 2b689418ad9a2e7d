/** A process of an application that several run: its program is that of test/kafka/programs/sequences.ts. */
import { fileURLToPath } from 'node:url'
import { bind } from 'millrace'
import { kafka } from 'millrace/kafka'
import { completeBindings } from '../../../api/complete-bindings.ts'
import { programOf } from '../../../api/program.ts'
import { ApplicationProcess } from '../../../api/run/processes/application-process.ts'
import sequences, { events, findings } from '../../kafka/programs/sequences.ts'

export interface MemberTask {
  readonly application: string
  readonly brokers: readonly string[]
  readonly groupCount: number
  readonly data: string
  readonly events: string
  readonly findings: string
}

export const memberFile: string = fileURLToPath(import.meta.url)

async function run(task: MemberTask): Promise<void> {
  const { application, brokers, groupCount, data } = task
  const program = bind(sequences, [
    events.from(kafka({ topic: task.events, brokers: [...brokers] })),
    findings.to(kafka({ topic: task.findings, brokers: [...brokers] })),
  ])
  const { pipeline, bindings } = programOf(program)!
  const member = await ApplicationProcess.start(completeBindings(pipeline, bindings), {
    application,
    brokers,
    division: { shardCount: 16, groupCount },
    inSyncReplicas: 1,
    data,
    host: '127.0.0.1',
    version: 1,
    silenceMs: 6_000,
  })
  process.send!('member')
  const timer = setInterval(() => process.send!(member.groups), 50)
  process.on('message', () => void member.stop())
  await member.done
  clearInterval(timer)
  process.disconnect()
}

if (process.argv[2] !== undefined && process.send !== undefined) await run(JSON.parse(process.argv[2]) as MemberTask)
