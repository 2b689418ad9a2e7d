import { describe, expect, test } from 'vitest'
import { sourceContract } from '../../runtime/ports/contracts/source.ts'
import { readFrom } from '../../runtime/ports/contracts/source-reading.ts'
import { openListSource } from '../../runtime/ports/list-source.ts'
import { bytes } from './support/framed.ts'

describe('the contract of a source, a list', () => {
  sourceContract(
    { describe, test, expect },
    {
      fresh: async () => {
        let list: Uint8Array[] = []
        return {
          open: () => openListSource({ source: 'quotes', records: list }),
          append: async (records) => void (list = [...list, ...records]),
          replace: async (records) => void (list = [...records]),
          shrink: async (count) => void (list = list.slice(0, count)),
          breakFraming: () => Promise.reject(new Error('a list has records only')),
          dispose: () => Promise.resolve(),
        }
      },
      follows: false,
      framed: false,
    },
  )
})

test('the proof covers every record before the position, not only the last', async () => {
  const open = (first: string) => () =>
    openListSource({ source: 'quotes', records: [first, 'b', 'c', 'd'].map((record) => bytes(record)) })
  const { next, proof } = (await readFrom(open('a'), 0, '', 3)).positions[0]!
  expect((await readFrom(open('a'), next, proof)).records.map(({ offset }) => offset)).toEqual([3])
  expect((await readFrom(open('A'), next, proof)).code).toBe('MR_SOURCE_REPLACED')
})
