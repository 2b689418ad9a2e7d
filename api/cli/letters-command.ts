import { stat } from 'node:fs/promises'
import { MillraceError, messageOf } from '../../runtime/base/errors.ts'
import { openLevelStore } from '../../runtime/node/level/open-store.ts'
import { deadLettersEnd } from '../dead-letters.ts'
import { type StoredLetter, storedLetters } from '../run/letters.ts'
import type { LocalShift } from '../run/local-shift.ts'
import { startAlone } from '../run/start.ts'
import { completeFile } from './ends.ts'
import type { RunCommandOptions } from './run-command.ts'

/** So many are tried again in one commit, about. */
const retriedTogether = 1_000
const previewUnits = 120

/** `millrace dead-letters list` */
export async function listLetters({ data, json }: { readonly data: string; readonly json: boolean }): Promise<void> {
  const letters = await readLetters(data)
  for (const letter of letters) console.log(json ? JSON.stringify(shown(letter)) : paragraph(letter))
  if (!json && letters.length === 0) console.log('There are no dead letters.')
}

/** `millrace dead-letters retry`: answers whether all of them went well. */
export async function retryLetters(
  file: string,
  ids: readonly string[],
  options: Omit<RunCommandOptions, 'once' | 'acceptTornRecords' | 'workers' | 'offloadThreads'> & {
    readonly all: boolean
  },
): Promise<boolean> {
  const complete = await completeFile(file, options)
  const { data, durability, all } = options
  const reference = { kind: 'file', file, given: { in: options.in, out: options.out } } as const
  const alone = { data, durability, follow: false, acceptTornRecords: false, reference }
  const tried = await startAlone(complete, alone, async (shift) => {
    const letters = await shift.letters()
    return await retry(shift, all ? letters : choose(letters, ids))
  })
  for (const { id, problem } of tried) if (problem !== undefined) console.log(`${id}  ${problem}`)
  const failed = tried.filter(({ problem }) => problem !== undefined).length
  console.log(`${tried.length - failed} of ${tried.length} dead letters succeeded`)
  return failed === 0
}

interface Tried {
  readonly id: string
  readonly problem: string | undefined
}

async function retry(shift: LocalShift, letters: readonly StoredLetter[]): Promise<Tried[]> {
  const tried: Tried[] = []
  for (let at = 0; at < letters.length; at += retriedTogether) {
    const some = letters.slice(at, at + retriedTogether).map(async (letter): Promise<Tried> => {
      try {
        const ok = await shift.retry(letter)
        return { id: letter.id, problem: ok ? undefined : 'failed again, and is a new dead letter now' }
      } catch (error) {
        if (error instanceof MillraceError && error.code === 'MR_STOPPED') throw error.cause ?? error
        return { id: letter.id, problem: `was left as it is: ${messageOf(error)}` }
      }
    })
    tried.push(...(await Promise.all(some)))
  }
  return tried
}

function choose(letters: readonly StoredLetter[], ids: readonly string[]): StoredLetter[] {
  const known = new Map(letters.map((letter) => [letter.id, letter]))
  return ids.map((id) => {
    const letter = known.get(id)
    if (letter === undefined)
      throw new Error(`there is no dead letter ${id}: millrace dead-letters list shows those that are`)
    return letter
  })
}

async function readLetters(data: string): Promise<StoredLetter[]> {
  if ((await stat(data).catch(() => undefined)) === undefined)
    throw new MillraceError('MR_STORE_FAILED', `there is no data folder ${data}`, {
      next: 'Give the one that the program ran with: --data DIR',
    })
  const store = await openLevelStore({ path: data, durability: 'process' })
  try {
    return await storedLetters(store)
  } finally {
    await store.close()
  }
}

/** As JSON, with a message that people can read as far as possible. */
function shown({ id, letter }: StoredLetter): Record<string, unknown> & { readonly message: unknown } {
  return { id, ...(JSON.parse(String(deadLettersEnd.encode(letter))) as { message: unknown }) }
}

function paragraph(stored: StoredLetter): string {
  const { letter, id } = stored
  const { message } = shown(stored)
  const when = new Date(letter.atMs).toISOString().replace('T', ' ').slice(0, 19)
  const to = letter.entity === undefined ? '' : `  ${letter.entity} ${JSON.stringify(letter.key)}`
  const from = letter.source === undefined ? '' : `from source ${JSON.stringify(letter.source)} at ${letter.position}: `
  const where = letter.where === '' ? '' : `, at ${letter.where}`
  return [`${id}  ${when}  ${letter.code}${to}`, `    ${letter.error}${where}`, `    ${from}${preview(message)}`].join(
    '\n',
  )
}

function preview(message: unknown): string {
  const text = typeof message === 'string' ? message : JSON.stringify(message)
  return text.length > previewUnits ? `${text.slice(0, previewUnits)}... (${text.length} characters)` : text
}
