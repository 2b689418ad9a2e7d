/** Outputs in the commit records that are read at open, in order, as columns: after a kill there may be very many. */
export class RecoveredOutputs {
  readonly commits: number[] = []
  /** Durable numbers of sinks. */
  readonly sinks: number[] = []
  readonly shards: number[] = []
  readonly keys: string[] = []
  /** Output i is `buffers[i][starts[i], ends[i])`. */
  readonly buffers: Uint8Array[] = []
  readonly starts: number[] = []
  readonly ends: number[] = []
  /** By sink: the commit of its first output. */
  readonly #firstCommits: number[] = []

  get count(): number {
    return this.commits.length
  }

  add(commit: number, sink: number, shard: number, key: string, buffer: Uint8Array, start: number, end: number): void {
    this.commits.push(commit)
    this.sinks.push(sink)
    this.shards.push(shard)
    this.keys.push(key)
    this.buffers.push(buffer)
    this.starts.push(start)
    this.ends.push(end)
    this.#firstCommits[sink] ??= commit
  }

  /** The commit of the first output for this sink. */
  firstCommit(sink: number): number | undefined {
    return this.#firstCommits[sink]
  }
}
