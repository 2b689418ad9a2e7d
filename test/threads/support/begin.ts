import { completeBindings } from '../../../api/complete-bindings.ts'
import type { LiveProgram } from '../../../api/run/live-program.ts'
import { loadProgram } from '../../../api/run/load-program.ts'
import { start } from '../../../api/run/start.ts'
import type { StartOptions } from '../../../api/run/start-options.ts'
import type { Bank } from './bank-in.ts'

/** Two workers, with less patience than usual. */
export async function begin(bank: Bank, options: Partial<StartOptions> = {}): Promise<LiveProgram> {
  const { pipeline, bindings } = await loadProgram(bank.url)
  return await start(completeBindings(pipeline, bindings), {
    data: bank.data,
    durability: 'process',
    once: true,
    follow: false,
    acceptTornRecords: false,
    workers: 2,
    reference: { kind: 'url', href: bank.url.href },
    stallMs: 1_500,
    ...options,
  })
}
