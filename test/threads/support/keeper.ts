/** A program that runs a line through a step, which the environment chooses, and keeps the last one. A line may stop it. */
import { join } from 'node:path'
import { bind, entity, pipeline, type Program, sink, source, text } from 'millrace'
import { file } from 'millrace/files'

const folder = process.env['MILLRACE_TEST_FOLDER']!
const lines = source('lines', text)
const out = sink('out', text)
/** Of which another worker runs the shard than the one that reads. */
export const keyElsewhere = 'b'

const steps = {
  old: (line: string) => line,
  new: (line: string) => `${line}!`,
}

const Keeper = entity('keeper', {
  state: () => ({ line: '' }),
  onError: 'stop',
  on: {
    keep(keeper, line: string) {
      if (process.env['MILLRACE_TEST_CRASH'] === 'yes' && line === 'crash') throw new Error('power cut')
      keeper.line = line
      return line
    },
  },
})

const keeping = pipeline('keeping', ({ from }) => {
  from(lines)
    .map(steps[process.env['MILLRACE_TEST_STEP'] as keyof typeof steps])
    .keyBy(() => keyElsewhere)
    .to(Keeper.keep)
    .into(out)
})

const program: Program = bind(keeping, [lines.from(file(join(folder, 'in'))), out.to(file(join(folder, 'out')))])
export default program
