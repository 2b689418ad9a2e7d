import { describe, expect, test } from 'vitest'
import { openListSource } from '../../runtime/ports/list-source.ts'
import type { SourcePartition } from '../../runtime/ports/source.ts'
import type { Group } from '../../runtime/shard/group.ts'
import { Reader } from '../../runtime/worker/reader.ts'

const list = (records: string): SourcePartition =>
  openListSource({ source: 'lines', records: records.split('').map((letter) => Buffer.from(letter)) })

/** What vouches for the first records of a list. */
function proofOf(records: string): string {
  const partition = list(records)
  partition.seek(0, '')
  return partition.poll(records.length)?.proof ?? ''
}

/** Reads what is there now, for a group that had read `had` and a peer that had read so many records. Gives what it read. */
function readAgain(now: string, had: string, elsewhere: number): { reader: Reader; offsets: number[] } {
  const offsets: number[] = []
  const lane = {
    source: 0,
    partition: '0',
    start: 0,
    next: had.length,
    durableNext: had.length,
    proof: proofOf(had),
    planDurable: true,
  }
  const links = {
    resume: (_source: number, _partition: string, at: number) => (offsets.length === 0 ? Math.min(at, elsewhere) : at),
    durableNext: () => elsewhere,
    highestNext: () => elsewhere,
    beginRecord: () => undefined,
    endRecord: () => undefined,
    mark: () => undefined,
  }
  const intake = {
    begin: (_source: number, _name: string, { offsets: at }: { offsets: Float64Array }) => offsets.push(...at),
  }
  const group = { sources: { open: () => lane }, links, intake, record: () => undefined } as unknown as Group
  const reader = new Reader(group, 0, list(now), false)
  for (let i = 0; i < 10 && reader.failed === undefined; i++) reader.read(1)
  return { reader, offsets }
}

describe('a source that several groups had read to different places', () => {
  test('is read again from the lowest, if it is still what it was', () => {
    const { reader, offsets } = readAgain('abcde', 'abc', 1)
    expect([reader.failed, offsets]).toEqual([undefined, [1, 2, 3, 4]])
  })

  test.each([
    ['cut before what the reader had, after what the other needs', 'ab', 'abc', 1],
    ['cut before both', 'a', 'abcd', 2],
    ['cut after what the reader had, before what the other had', 'ab', 'a', 3],
  ])('%s: says so', (_, now, had, elsewhere) => {
    const { reader } = readAgain(now, had, elsewhere)
    expect(reader.failed).toMatchObject({ code: 'MR_SOURCE_SHRANK' })
  })

  test('replaced: says so before anything of it is handled', () => {
    const { reader, offsets } = readAgain('xyzuv', 'abc', 1)
    expect(reader.failed).toMatchObject({ code: 'MR_SOURCE_REPLACED' })
    expect(offsets).toEqual([])
  })
})
