import type { SourceEnd } from '../complete-bindings.ts'

/** Which of so many workers reads a partition of a source: the sources are spread over them, and the partitions of each as well. */
export function readerOf(source: number, partition: number, workers: number): number {
  return (source + partition) % workers
}

/** The workers that may read something of a source, in order. Only a topic has more than one partition, or may come to have. */
export function readersOf(source: number, end: SourceEnd, workers: number): number[] {
  if (end.kind !== 'kafka') return [readerOf(source, 0, workers)]
  return Array.from({ length: workers }, (_, worker) => worker)
}
