import { bind, offload, pipeline, run, source, text } from 'millrace'
import type { Item } from './steps.ts'

export const step = offload(import.meta.url, ({ id }: Item) => ({ id }))

if (process.env['MILLRACE_TEST_FOLDER'] !== undefined) {
  const lines = source('lines', text)
  await run(
    bind(
      pipeline('inner', ({ from }) => void from(lines).filter(() => true)),
      [lines.from([])],
    ),
    {
      data: `${process.env['MILLRACE_TEST_FOLDER']}/inner`,
      once: true,
    },
  )
}
