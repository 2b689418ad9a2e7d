import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { sharedData } from '../examples/support/shared-data.ts'
import { type Anomaly, checkHistory, type Operation, type Seen, type Sent } from './support/check-history.ts'

/** `orders@3=c`: the value `c` of key `orders` at offset 3; without the number, at an offset that nobody was told. */
function valuesIn(text: string): Sent[] {
  return text.split(' ').flatMap((word) => {
    const found = /^(\w+)(?:@(\d+))?=(\w+)$/.exec(word)
    if (found === null) return []
    return [{ key: found[1]!, value: found[3]!, offset: found[2] === undefined ? undefined : Number(found[2]) }]
  })
}

/** `1 ok sends orders@0=a polls totals@5=z`: process, outcome, what it sent, what it read. */
function operation(text: string): Operation {
  const [, process, outcome, sends, polls] = /^(\d) (ok|fail|info)(?: sends ((?: ?\S+=\S+)*))?(?: ?polls (.*))?$/.exec(
    text,
  )!
  return {
    process: Number(process),
    outcome: outcome as Operation['outcome'],
    sends: valuesIn(sends ?? ''),
    polls: valuesIn(polls ?? '') as Seen[],
  }
}

const fine: [what: string, history: string[]][] = [
  ['reads in pieces', ['0 ok sends a@0=p a@1=q a@2=r', '1 ok polls a@0=p', '1 ok polls a@1=q a@2=r']],
  ['offsets of markers are left out', ['0 ok sends a@0=p', '0 ok sends a@2=q', '1 ok polls a@0=p a@2=q']],
  ['a lost answer to what never was', ['0 info sends a@4=p', '0 ok sends a@4=q', '1 ok polls a@4=q']],
  ['a lost answer to what was', ['0 info sends a=p b=q', '1 ok polls a@0=p', '1 ok polls b@0=q']],
  ['what was taken back is not seen', ['0 fail sends a@0=p', '0 ok sends a@2=q', '1 ok polls a@2=q']],
  ['nobody has read so far yet', ['0 ok sends a@0=p a@1=q', '1 ok polls a@0=p']],
  ['back to where it committed', ['1 ok polls a@0=p', '1 fail polls a@1=q', '1 info polls a@1=q', '1 ok polls a@1=q']],
  ['on, when the unknown was done', ['1 ok polls a@0=p', '1 info polls a@1=q', '1 ok polls a@2=r', '2 ok polls a@1=q']],
  ['two that read at their own speed', ['1 ok polls a@0=p a@1=q', '2 ok polls a@0=p', '2 ok polls a@1=q']],
]

const wrong: [what: string, anomaly: Anomaly, key: string, history: string[]][] = [
  ['two readers, two values', 'inconsistent-offsets', 'a', ['1 ok polls a@7=p', '2 ok polls a@7=q']],
  [
    'a value where another was confirmed',
    'inconsistent-offsets',
    'a',
    ['0 info sends a@0=p b=q', '0 ok sends a@0=r', '1 ok polls b@3=q', '1 ok polls a@0=p'],
  ],
  ['taken back, and read', 'G1a', 'b', ['0 fail sends a=p b=q', '1 ok polls b@0=q']],
  ['confirmed, and gone', 'lost-write', 'a', ['0 ok sends a@0=p', '0 ok sends a@1=q', '1 ok polls a@1=q']],
  [
    'half of a transaction',
    'lost-write',
    'b',
    ['0 info sends a=p b@0=q', '2 ok sends b@1=r', '1 ok polls a@0=p', '1 ok polls b@1=r'],
  ],
  ['once more', 'duplicate', 'a', ['0 ok sends a@0=p', '1 ok polls a@0=p a@1=p']],
  [
    'on behind what was not committed',
    'poll-skip',
    'a',
    ['0 ok sends a@0=p a@1=q a@2=r', '1 ok polls a@0=p', '1 fail polls a@1=q', '1 ok polls a@2=r'],
  ],
  ['over one in the middle', 'int-poll-skip', 'a', ['1 ok polls a@0=p a@2=r', '2 ok polls a@1=q']],
  ['the same again', 'nonmonotonic-poll', 'a', ['1 ok polls a@0=p a@1=q', '1 ok polls a@1=q']],
  ['backwards in one answer', 'nonmonotonic-poll', 'a', ['1 ok polls a@1=q a@0=p']],
  ['written before what was written', 'nonmonotonic-send', 'a', ['0 ok sends a@5=p', '0 ok sends a@2=q']],
  ['its own, before its end', 'precommitted-read', 'a', ['0 ok sends a@0=p polls a@0=p']],
  ['each sees the other', 'G1c', 'b', ['0 ok sends a@0=p polls b@0=q', '1 ok sends b@0=q polls a@0=p']],
]

describe('the check of histories', () => {
  test.each(fine)('finds nothing in: %s', (_, history) => {
    expect(checkHistory(history.map(operation))).toEqual([])
  })

  test.each(wrong)('finds %s', (_, anomaly, key, history) => {
    expect(checkHistory(history.map(operation))).toContainEqual(expect.objectContaining({ anomaly, key }))
  })
})

type Given = [process: number, type: 'invoke' | Operation['outcome'], f: string, value?: unknown]
type Place = [key: string, at: [offset: number | null, value: unknown] | string | number]
type Places = Record<string, [offset: number, value: unknown][]>

function given([process, type, f, value]: Given): Operation[] {
  if (type === 'invoke') return []
  const sent = ([key, at]: Place): Sent =>
    Array.isArray(at) ? { key, offset: at[0] ?? undefined, value: at[1] } : { key, offset: undefined, value: at }
  const seen = (places: Places): Seen[] =>
    Object.entries(places).flatMap(([key, all]) => all.map(([offset, value]) => ({ key, offset, value })))
  const parts = value as ['send' | 'poll', ...unknown[]][]
  if (f === 'send') return [{ process, outcome: type, sends: (value as Place[]).map(sent), polls: [] }]
  if (!Array.isArray(value)) return [{ process, outcome: type, sends: [], polls: seen(value as Places) }]
  const sends = parts.filter(([what]) => what === 'send').map(([, ...place]) => sent(place as Place))
  const polls = parts.filter(([what]) => what === 'poll').flatMap(([, places]) => seen(places as Places))
  return [{ process, outcome: type, sends, polls }]
}

test('histories with known answers', async ({ skip }) => {
  const file = sharedData(skip, 'cases/kafka-history-cases.json')
  const { cases } = JSON.parse(await readFile(file, 'utf8')) as {
    cases: { id: string; history: Given[]; errors: Record<string, { key?: string }[]> }[]
  }
  for (const { id, history, errors } of cases) {
    const found = checkHistory(history.flatMap(given))
    if (Object.keys(errors).length === 0) expect([id, ...found]).toEqual([id])
    for (const [anomaly, places] of Object.entries(errors))
      for (const { key } of places)
        expect([id, ...found]).toContainEqual(
          expect.objectContaining({ anomaly, key: key ?? (expect.any(String) as string) }),
        )
  }
  expect(cases.length).toBe(15)
})
