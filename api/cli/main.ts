#!/usr/bin/env node
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import type { GivenEnd, GivenEnds } from './ends.ts'
import { listLetters, retryLetters } from './letters-command.ts'
import { reportError } from './report-error.ts'
import { explainCommand } from './explain-command.ts'
import { type JoinCommandOptions, joinCommand } from './join-command.ts'
import { type RunCommandOptions, runCommand } from './run-command.ts'
import { scaleCommand } from './scale-command.ts'
import { faultNames } from '../testing/faults.ts'
import { faultList, numberList, partOf, type SimCommandOptions, wholeNumber } from './sim-options.ts'
import { parseUri } from './uri.ts'
import { defaultShardCount, maxWorkers } from '../../runtime/base/limits.ts'

/** 0: done. 1: an error, which was told. 2: the command line cannot be understood. From 3 on: what `sim` has found (sim-command.ts). */
const exit = { done: 0, error: 1, usage: 2 } as const

const program = new Command('millrace')
  .description('Stateful stream processing: entities and pipelines, effectively once, at any scale')
  .version(version())
  .exitOverride()
  .configureHelp({ showGlobalOptions: true })
  .option('--verbose', 'show where an error came from', process.env['MILLRACE_DEBUG'] !== undefined)

withRunOptions(withEnds(program.command('run').argument('<file>', 'a program: what it exports by default is run')))
  .description('run a program, and go on where it was')
  .option('--once', 'stop when every source is at its end and everything is committed and with the sinks', false)
  .option(
    '--workers <n>',
    'threads that share the work; may be another number every time (default: the cores, but 1 if it reads standard input)',
    countUpTo(maxWorkers),
  )
  .option(
    '--offload-threads <n>',
    'threads for offloaded steps, beside the workers (default: the cores they leave)',
    wholeNumber,
  )
  .option('--stall-ms <ms>', 'a worker thread that stays in one turn for so long is replaced', atLeastOne)
  .option('--accept-torn-records', 'go on with changed steps although the program was not stopped cleanly', false)
  .action((file: string, options: RunCommandOptions) => runCommand(file, options))

withData(withEnds(program.command('join').argument('<file>', 'a program whose sources and sinks are topics')))
  .description('run a program together with other processes, which take over when one is killed; its state is in Kafka')
  .requiredOption(
    '--application <name>',
    'what they have in common: names the changelog and the consumer group',
    applicationName,
  )
  .option(
    '--groups <n>',
    'parts that are shared out; stays as it was when the application was new',
    countUpTo(defaultShardCount),
    8,
  )
  .option('--host <address>', 'where other processes reach this one', '127.0.0.1')
  .option('--revision <n>', 'of the program: one that is older than the application has had is refused', wholeNumber, 1)
  .option(
    '--in-sync-replicas <n>',
    'brokers that must have a commit: 2 or more survive the loss of one',
    countUpTo(100),
    1,
  )
  .option('--silence-ms <ms>', 'a process that was not heard of for so long is given up', atLeastOne, 10_000)
  .action((file: string, options: JoinCommandOptions) => joinCommand(file, options))

withData(program.command('scale').argument('<workers>', 'threads that are to share the work', countUpTo(maxWorkers)))
  .description('change the number of workers of a program while it runs')
  .action((workers: number, options: { data: string }) => scaleCommand(workers, options))

const letters = program.command('dead-letters').description('messages that could not be handled')
withData(letters.command('list'))
  .description('show them')
  .option('--json', 'one JSON object a line', false)
  .action((options: { data: string; json: boolean }) => listLetters(options))
withRunOptions(
  withEnds(
    letters
      .command('retry')
      .argument('<file>', 'the program, corrected')
      .argument('[id...]', 'which ones; list shows their ids'),
  ),
)
  .description('handle them again, with the program as it is now')
  .option('--all', 'all of them', false)
  .action(async (file: string, ids: string[], options: RunCommandOptions & { all: boolean }, command: Command) => {
    if (options.all === ids.length > 0) command.error('error: name the dead letters to retry, or give --all')
    if (!(await retryLetters(file, ids, options))) process.exitCode = exit.error
  })

withEnds(program.command('explain').argument('<file>'))
  .description('say what is guaranteed on each path from a source to a sink, and why')
  .action((file: string, options: GivenEnds) => explainCommand(file, options))

program
  .command('sim')
  .argument('<file>', 'a program; what its sources would read comes from --in, or from lists in the program')
  .description(
    'try a program in simulated worlds: any order, several hosts, faults. Ends with 3 wrong, 4 stuck, 5 refused, 6 crashed',
  )
  .option('--in <name=uri>', 'what a source reads: a path, or file:PATH?framing=u16', given, [])
  .option('--seeds <n>', 'how many worlds of each scale', wholeNumber, 100)
  .option('--from <seed>', 'the first seed', wholeNumber, 1)
  .option('--hosts <list>', 'scales that must agree (default: 1,2,3)', numberList)
  .option('--faults <list>', `all (default), none, or some of ${faultNames.join(',')}`, faultList)
  .option('--records <n>', 'read at most so many records of each source', wholeNumber, 100)
  .option('--settle-ms <ms>', 'how long time goes on for timers when nothing else is left', wholeNumber)
  .option('--may-differ', 'the answer may depend on the order: scales are not compared')
  .option('--jobs <n>', 'processes that share the work', wholeNumber, availableParallelism())
  .addOption(new Option('--part <i/n>').argParser(partOf).hideHelp())
  .action(async (file: string, options: SimCommandOptions) => {
    // Nobody else waits for the simulator to be loaded.
    const { simCommand } = await import('./sim-command.ts')
    process.exitCode = await simCommand(file, options)
  })

function withEnds(command: Command): Command {
  return command
    .option(
      '--in <name=uri>',
      'what a source reads: a path, file:PATH?framing=u16, kafka://HOST:PORT/TOPIC, or -',
      given,
      [],
    )
    .option('--out <name=uri>', 'what a sink writes, likewise', given, [])
}

function withData(command: Command): Command {
  return command.option('--data <dir>', 'the folder that holds everything Millrace remembers', './.millrace')
}

function withRunOptions(command: Command): Command {
  const durability = new Option(
    '--durability <what>',
    'what a commit survives: a power cut (disk), or kill -9 only (process)',
  )
  return withData(command).addOption(durability.choices(['disk', 'process']).default('disk'))
}

function countUpTo(most: number): (text: string) => number {
  return (text) => {
    const number = Number(text)
    if (Number.isInteger(number) && number >= 1 && number <= most) return number
    throw new InvalidArgumentError(`Write a whole number from 1 to ${most}.`)
  }
}

function applicationName(text: string): string {
  if (/^[a-zA-Z0-9._-]{1,200}$/.test(text)) return text
  throw new InvalidArgumentError('Write letters, digits, dots, underscores and hyphens: topics are named for it.')
}

function atLeastOne(text: string): number {
  const number = Number(text)
  if (!(number >= 1)) throw new InvalidArgumentError('Write a number of milliseconds.')
  return number
}

function given(text: string, before: readonly GivenEnd[]): GivenEnd[] {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('Write NAME=URI, such as quotes=quotes.ndjson.')
  return [...before, { name: text.slice(0, at), end: parseUri(text.slice(at + 1)) }]
}

function version(): string {
  const require = createRequire(import.meta.url)
  for (const up of ['../../', '../../../']) {
    try {
      return (require(`${up}package.json`) as { version: string }).version
    } catch {
      // One folder further up when this is the built file.
    }
  }
  return 'unknown'
}

function end(code: number): void {
  // Nothing that a program left open keeps the process; but what was written goes out first.
  process.stdout.write('', () => process.exit(code))
}

try {
  await program.parseAsync()
  end(Number(process.exitCode ?? exit.done))
} catch (error) {
  if (error instanceof CommanderError) end(error.exitCode === 0 ? exit.done : exit.usage)
  else {
    reportError(error, program.opts<{ verbose: boolean }>().verbose)
    end(exit.error)
  }
}
