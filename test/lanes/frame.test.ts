import { describe, expect, test } from 'vitest'
import { ByteReader, ByteWriter } from '../../runtime/base/bytes.ts'
import { MillraceError } from '../../runtime/base/errors.ts'
import { Prng } from '../../runtime/base/prng.ts'
import { failedRecordRoute } from '../../runtime/shard/batch.ts'
import { DataFrameWriter, type ForwardedSection, readSections } from '../../runtime/shard/lanes/data-frame.ts'
import {
  FrameKind,
  readAck,
  readFrameHeader,
  readHello,
  readPositions,
  writeAck,
  writeFrameHeader,
  writeHello,
} from '../../runtime/shard/lanes/frame.ts'
import { NameTables } from '../../runtime/shard/lanes/names.ts'
import { OutLanes } from '../../runtime/shard/lanes/out-lanes.ts'
import { emission, HandGroup, meet, message, names } from './hand-group.ts'
import { writeRecord } from './emission.ts'

const session = { senderEpoch: 3, receiverEpoch: 4_000_000_000, generation: 5 }

function dataFrame(): Uint8Array {
  const lanes = new OutLanes(0, (shard) => shard % 2)
  for (const content of ['one', 'two', 'three']) lanes.append(2, 1, message(content, 1), 1)
  lanes.durable(1)
  const writer = new DataFrameWriter()
  writer.begin(session, 6)
  writer.lane(lanes.lane(2, 1)!, 10_000)
  writeRecord(writer, 'p', 100, 110, [emission(3, 'r', names.routeIds[0]), emission(1, 's', -2)])
  writeRecord(writer, 'p', 110, 2 ** 40, [])
  writeRecord(writer, 'q', 0, 1, [emission(3, 't', failedRecordRoute)])
  writer.mark(0, 'q', 77)
  writeRecord(writer, 'q', 77, 78, [])
  writer.forward(0, 'q', 78, 80, 1.5, digits, 1, 3)
  writer.forward(0, 'q', 81, 2 ** 41, -3, digits, 0, 0)
  writer.forward(0, 'q', 2 ** 41, 2 ** 41 + 1, -3, digits, 3, 14)
  writer.forward(0, 'q', 5, 6, -3, digits, 1, 300)
  return writer.end(9)
}

const digits = new DataView(Uint8Array.from({ length: 300 }, (_, i) => i).buffer)

function read(frame: Uint8Array, theirs = names, ours = names): unknown[] {
  const reader = new ByteReader(frame)
  return [readFrameHeader(reader), reader.varint(), ...readSections(reader, new NameTables(theirs, ours))]
}

describe('data frames', () => {
  test('come back as they were written', () => {
    const [header, number, lane, ...rest] = read(dataFrame())
    expect(header).toEqual({ kind: FrameKind.data, ...session, cut: 9 })
    expect(number).toBe(6)
    expect(lane).toMatchObject({ kind: 'lane', from: 2, to: 1, first: 1, count: 3 })
    expect(rest).toMatchObject([
      { kind: 'record', source: 0, partition: 'p', offset: 100, next: 110, emissions: [{ shard: 3 }, { route: -2 }] },
      { kind: 'record', partition: 'p', offset: 110, next: 2 ** 40, emissions: [] },
      { kind: 'record', partition: 'q', offset: 0, emissions: [{ route: -1, from: { kind: 'record', index: 0 } }] },
      { kind: 'mark', partition: 'q', next: 77 },
      { kind: 'record', partition: 'q', offset: 77 },
      {
        kind: 'forwarded',
        source: 0,
        partition: 'q',
        offsets: { 0: 78, 1: 81, 2: 2 ** 41 },
        nexts: { 0: 80, 1: 2 ** 41, 2: 2 ** 41 + 1 },
        timesMs: { 0: 1.5, 1: -3, 2: -3 },
      },
      { kind: 'forwarded', source: 0, partition: 'q', offsets: { 0: 5 }, nexts: { 0: 6 }, timesMs: { 0: -3 } },
    ])
    const recordsOf = (section: unknown): Uint8Array[] => {
      const { buffer, starts, ends } = section as ForwardedSection
      return Array.from(starts, (start, i) => buffer.slice(start, ends[i]))
    }
    const all = new Uint8Array(digits.buffer)
    expect(recordsOf(rest[5])).toEqual([all.slice(1, 3), all.slice(0, 0), all.slice(3, 14)])
    expect(recordsOf(rest[6])).toEqual([all.slice(1, 300)])
  })

  test('take as many entries of a lane as fit, and at least one', () => {
    const lanes = new OutLanes(0, (shard) => shard % 2)
    for (let i = 0; i < 10; i++) lanes.append(0, 1, message('x'.repeat(73)), 1)
    lanes.durable(1)
    const writer = new DataFrameWriter()
    writer.begin(session, 1)
    expect(writer.lane(lanes.lane(0, 1)!, 250)).toBe(2)
    expect(writer.lane(lanes.lane(0, 1)!, 1)).toBe(1)
  })

  test('speak by name: numbers of the other side become ours', () => {
    const ours = {
      routes: ['new', 'a.second', 'a.first'],
      routeIds: [0, 1, 2],
      sinks: ['other', 'out'],
      sources: ['one', 'log'],
      plans: ['another', 'plan'],
    }
    const sections = read(dataFrame(), names, ours).slice(2)
    expect(sections[1]).toMatchObject({ source: 1, emissions: [{ route: 2 }, { route: -3 }] })
  })

  test('for a route that we do not have say so', () => {
    expect(() => read(dataFrame(), names, { ...names, routes: ['a.first'] })).toThrow(/MR_PROGRAM_CHANGED.*"a.second"/)
  })
})

test('other frames come back as they were written', () => {
  const out = new ByteWriter()
  const hello = { ...names, shards: [1, 3, 4_095] }
  const position = { number: 2 ** 50, chainHigh: -1, chainLow: 1 }
  const positions = {
    lanes: [{ from: 0, to: 4_095, position }],
    sources: [{ source: 0, partition: 'größe', next: 12.5 }],
  }
  writeFrameHeader(out, FrameKind.hello, session, 1)
  writeHello(out, hello)
  writeAck(out, { number: 7, frame: 8, ...positions })
  const reader = new ByteReader(out.copy())
  expect(readFrameHeader(reader)).toEqual({ kind: FrameKind.hello, ...session, cut: 1 })
  expect(readHello(reader)).toEqual(hello)
  expect(readAck(reader)).toEqual({ number: 7, frame: 8, ...positions })
  expect(reader.done).toBe(true)
})

/** A frame with some bytes changed, and perhaps cut short. */
function spoilt(frame: Uint8Array, prng: Prng): Uint8Array {
  const junk = frame.slice(0, prng.chance(0.3) ? prng.below(frame.length) : frame.length)
  for (let left = prng.below(4); left > 0 && junk.length > 0; left--) junk[prng.below(junk.length)] = prng.below(256)
  return junk
}

describe('junk', () => {
  const frame = dataFrame()
  const readers = {
    readHello,
    readPositions,
    readAck,
    readSections: (reader: ByteReader) => [reader.varint(), readSections(reader, new NameTables(names, names))],
  }

  test.each(Object.entries(readers))('%s throws a RangeError, or says that the program is another', (_, parse) => {
    const prng = new Prng(1, 2)
    let readable = 0
    for (let i = 0; i < 2_000; i++) {
      try {
        const reader = new ByteReader(spoilt(frame, prng))
        readFrameHeader(reader)
        parse(reader)
        readable += 1
      } catch (error) {
        if (!(error instanceof RangeError) && !(error instanceof MillraceError)) throw error
      }
    }
    expect(readable).toBeLessThan(2_000)
  })

  test('never stops a group: at worst a link says that its ends differ', () => {
    let taken = 0
    for (let seed = 1; seed <= 30; seed++) {
      const prng = new Prng(3, seed)
      const groups = [new HandGroup(0), new HandGroup(1)] as const
      meet(groups[0], groups[1])
      for (let nowMs = 0; nowMs < 60; nowMs++) {
        groups[0].post(0, 1, `m${nowMs}`)
        for (const group of groups) {
          group.links.tick(nowMs)
          const id = groups.indexOf(group)
          for (const sent of group.takeOutbox()) groups[1 - id]!.links.onFrame(id, spoilt(sent, prng), nowMs)
          group.take()
          group.commit(nowMs)
        }
      }
      taken += groups[1].taken.length
    }
    expect(taken).toBeGreaterThan(0)
  })
})
