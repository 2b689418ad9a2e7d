import type { KafkaConnection } from '../../../runtime/node/kafka/cluster/open-client.ts'
import type { CompleteProgram } from '../../complete-bindings.ts'
import { invalid } from '../../invalid.ts'
import { connectionOf } from '../kafka-connection.ts'

/**
 * Where the first topic of a program is that several processes can run. Throws MR_PROGRAM_INVALID for another: what is in files or in one
 * process only, others cannot take over.
 */
export function checkTopicsOnly({ plan, sources, sinks, offloads }: CompleteProgram): KafkaConnection {
  const ends = [
    ...sources.map((end, i) => [end, `source ${JSON.stringify(plan.sources[i]!.name)}`] as const),
    ...sinks.map((end, i) => [end, `sink ${JSON.stringify(plan.sinks[i]!.name)}`] as const),
  ]
  let first: KafkaConnection | undefined
  for (const [end, name] of ends) {
    if (end?.kind !== 'kafka')
      throw invalid(`${name} is not a topic`, 'Bind it to one: any process must be able to take it over')
    first ??= connectionOf(end)
  }
  if (first === undefined) throw invalid('the program has no source and no sink', 'Give it one that is a topic')
  if (offloads.some((offloaded) => offloaded !== undefined))
    throw invalid('the program has offloaded steps', 'Leave them out: several processes cannot run them yet')
  return first
}
