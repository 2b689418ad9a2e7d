import type { KafkaEnd } from '../real-end.ts'

/** The id of a topic as a sink: the same after every restart, and nobody else's. */
export function topicSinkId({ id, topic }: KafkaEnd, pipeline: string, sink: string): string {
  return id ?? `millrace.${pipeline}.${sink}.${topic}`
}
