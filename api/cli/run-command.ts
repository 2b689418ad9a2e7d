import { messageOf } from '../../runtime/base/errors.ts'
import { start } from '../run/start.ts'
import { listen } from './control.ts'
import { completeFile, type GivenEnds } from './ends.ts'
import { LiveLine } from './live-line.ts'
import { inWords } from './scale-command.ts'
import { onStopSignals } from './stop-signals.ts'

export interface RunCommandOptions extends GivenEnds {
  readonly data: string
  readonly durability: 'disk' | 'process'
  readonly once: boolean
  readonly acceptTornRecords: boolean
  readonly workers: number | undefined
  readonly offloadThreads: number | undefined
  readonly stallMs?: number
}

/** `millrace run`: until it is stopped, or all is done. */
export async function runCommand(file: string, options: RunCommandOptions): Promise<void> {
  const complete = await completeFile(file, options)
  // Standard input ends for ever: when nothing else can come, there is nothing to wait for.
  const once = options.once || (complete.sources.length > 0 && complete.sources.every(({ kind }) => kind === 'stdio'))
  const { data, durability, acceptTornRecords, workers, offloadThreads, stallMs } = options
  const reference = { kind: 'file', file, given: { in: options.in, out: options.out } } as const
  let say: (text: string) => void = console.error
  const notice = (text: string): void => say(text)
  const own = { data, durability, once, follow: !once, acceptTornRecords, reference, notice }
  const live = await start(complete, { ...own, workers, offloadThreads, stallMs })
  const line = new LiveLine(() => live.stats())
  say = (text) => line.say(text)
  const unlisten = onStopSignals(notice, () => live.stop())
  const control = await listen(data, live, (scaled) => notice(inWords(scaled))).catch((error: unknown) => {
    notice(`\`millrace scale\` cannot reach this program: ${messageOf(error)}`)
    return undefined
  })
  live.onEnding = () => control?.close() // whoever has the folder next has a socket of its own
  try {
    await live.done
  } finally {
    unlisten()
    line.end()
  }
  if (live.stats().deadLetters > 0 && complete.plan.deadLetterSink === undefined)
    line.say(`dead letters: millrace dead-letters list --data ${data}`)
}
