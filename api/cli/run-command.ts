import { start } from '../run/start.ts'
import { completeFile, type GivenEnds } from './ends.ts'
import { LiveLine } from './live-line.ts'
import { onStopSignals } from './stop-signals.ts'

export interface RunCommandOptions extends GivenEnds {
  readonly data: string
  readonly durability: 'disk' | 'process'
  readonly once: boolean
  readonly acceptTornRecords: boolean
  readonly workers: number
  readonly offloadThreads: number | undefined
}

/** `millrace run`: until it is stopped, or all is done. */
export async function runCommand(file: string, options: RunCommandOptions): Promise<void> {
  const complete = await completeFile(file, options)
  // Standard input ends for ever: when nothing else can come, there is nothing to wait for.
  const once = options.once || (complete.sources.length > 0 && complete.sources.every(({ kind }) => kind === 'stdio'))
  const { data, durability, acceptTornRecords, workers, offloadThreads } = options
  const reference = { kind: 'file', file, given: { in: options.in, out: options.out } } as const
  const live = await start(complete, {
    data,
    durability,
    once,
    follow: !once,
    acceptTornRecords,
    workers,
    offloadThreads,
    reference,
  })
  const line = new LiveLine(() => live.stats())
  const unlisten = onStopSignals((signal) => {
    line.say(`${signal}: finishing what was read; once more stops at once, and loses nothing`)
    void live.stop()
  })
  try {
    await live.done
  } finally {
    unlisten()
    line.end()
  }
  if (live.stats().deadLetters > 0 && complete.plan.deadLetterSink === undefined)
    line.say(`dead letters: millrace dead-letters list --data ${data}`)
}
