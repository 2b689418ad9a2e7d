import type { Run } from '../../support/measure.ts'
import type { Window } from '../../support/steady.ts'
import { type JavaPeer, javaPeer } from '../java-peer.ts'

/** Flink, ready to run; undefined: there is no JDK to compile it with, or no Maven. */
export async function flink(say: (text: string) => void): Promise<Flink | undefined> {
  const fetching = (): void => say('fetching the jars of Flink (150 MB, once)')
  const peer = await javaPeer(new URL('./', import.meta.url), 'flink', fetching)
  return peer && new Flink(peer)
}

export interface FlinkJob {
  readonly job: 'market-spread' | 'keyed-sum'
  readonly state: 'hashmap' | 'rocksdb'
  readonly parallelism: number
  /** Frames, read to memory. */
  readonly file: string
  readonly window: Window
}

export class Flink {
  readonly #peer: JavaPeer

  constructor(peer: JavaPeer) {
    this.#peer = peer
  }

  /** One run in a JVM of its own, checkpoints to a local folder included. */
  async steady({ job, state, parallelism, file, window }: FlinkJob): Promise<Run> {
    const options = ['-Xmx3g', '-XX:+UseG1GC', ...opened.map((name) => `--add-opens=${name}=ALL-UNNAMED`)]
    const { warmRecords, warmMs, longestWarmMs, measureMs } = window
    const numbers = [warmRecords, warmMs, longestWarmMs, measureMs].map(String)
    const place = [job, state, String(parallelism), file]
    const args = (folder: string): string[] => [...place, folder, ...numbers]
    const [perSecond, cpuNs, checkpoints] = await this.#peer.run('FlinkPeer', options, args)
    if (checkpoints === 0) throw new Error(`Flink completed no checkpoint of ${job} with state ${state}`)
    return { perSecond: perSecond!, cpuNs: cpuNs! }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#peer[Symbol.asyncDispose]()
  }
}

/** What Flink's serializers look into. */
const opened: readonly string[] = ['java.base/java.lang', 'java.base/java.util', 'java.base/java.time']
