import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bind, deadLetters, encoding, json, type Pipeline, run, sink, source } from 'millrace'
import { file } from 'millrace/files'
import type { Doubled, Item } from './steps.ts'

export const items = source(
  'items',
  json((raw) => raw as Item),
)
export const results = sink(
  'results',
  encoding((value: unknown) => JSON.stringify(value)),
)

export interface Letter {
  readonly code: string
  readonly error: string
  readonly where: string
  readonly position: string
}

/** Runs a pipeline from `items` to `results` to its end. */
export async function outcome(
  pipeline: Pipeline,
  list: Item[],
  folder: string,
): Promise<{ readonly results: Doubled[]; readonly letters: Letter[] }> {
  const [out, letters] = [join(folder, 'results'), join(folder, 'letters')]
  const ends = [items.from(list), results.to(file(out)), deadLetters.to(file(letters))]
  const data = join(folder, 'data')
  const running = await run(bind(pipeline, ends), { data, once: true, durability: 'process', offloadThreads: 2 })
  await running.done
  return { results: (await valuesOf(out)) as Doubled[], letters: (await valuesOf(letters)) as Letter[] }
}

export async function valuesOf(path: string): Promise<unknown[]> {
  const text = await readFile(path, 'utf8').catch(() => '')
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown)
}

export function numbered(count: number): Item[] {
  return Array.from({ length: count }, (_, id) => ({ id }))
}
