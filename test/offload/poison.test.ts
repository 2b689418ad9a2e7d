import { pipeline } from 'millrace'
import { expect } from 'vitest'
import { test } from '../support/folder.ts'
import { items, numbered, outcome, results } from './support/outcome.ts'
import { type Deed, double, doubled, plusOne } from './support/steps.ts'

const program = pipeline('p', ({ from }) => from(items).mapOffload(double).mapOffload(plusOne).into(results))

const place: unknown = expect.stringContaining('test/offload/support/steps.ts')
const has = (text: string): unknown => expect.stringContaining(text)

const poison: readonly (readonly [Deed, Readonly<Record<string, unknown>>])[] = [
  ['throws', { code: 'MR_STEP_FAILED', error: 'RangeError: no 20 today', where: place }],
  ['rejects', { code: 'MR_STEP_FAILED', error: 'Error: never 40', where: place }],
  ['returns a function', { code: 'MR_ENCODE_FAILED', error: has('value is a function'), where: '' }],
  ['loops', { code: 'MR_OFFLOAD_TIMEOUT', error: has('longer than 2000 ms'), where: '' }],
  ['never settles', { code: 'MR_OFFLOAD_TIMEOUT', error: has('double of test/offload/support/steps.ts'), where: '' }],
  ['exits', { code: 'MR_OFFLOAD_THREAD_LOST', error: has('died 3 times'), where: '' }],
]

test('a value that its step cannot do is a dead letter, and its neighbours do not notice', {
  timeout: 60_000,
}, async ({ folder }) => {
  const list = numbered(160)
  poison.forEach(([does], i) => {
    const id = 20 * (i + 1)
    list[id] = { id, does }
  })
  const { results: written, letters } = await outcome(program, list, folder)
  expect(letters).toEqual(
    poison.map(([, letter], i) => expect.objectContaining({ ...letter, position: String(20 * (i + 1)) }) as unknown),
  )
  const others = list.filter(({ does }) => does === undefined).map(doubled)
  expect(written).toEqual(others.map((value) => ({ ...value, doubled: value.doubled + 1 })))
})
