import type { AnyEntity, Pipeline, Program, RunStats } from 'millrace'
import { run } from 'millrace'

/** Runs a program to the end of its sources. */
export async function runOnce(program: Program | Pipeline, data: string): Promise<RunStats> {
  const running = await run(program, { data, once: true, durability: 'process' })
  await running.done
  return running.stats()
}

/** The states that are left when a program has run: read by running it again, which must do nothing. */
export async function statesOf<S>(
  program: Program | Pipeline,
  data: string,
  entity: AnyEntity<S>,
): Promise<Map<string, Readonly<S>>> {
  const running = await run(program, { data, durability: 'process' })
  const states = new Map<string, Readonly<S>>()
  for await (const [key, state] of running.scan(entity)) states.set(key, state)
  await running.stop()
  return states
}
