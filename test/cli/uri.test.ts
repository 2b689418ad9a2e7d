import { describe, expect, test } from 'vitest'
import { parseUri } from '../../api/cli/uri.ts'

const file = (path: string, framing = 'lines') => ({ kind: 'file', path, framing, follow: false })

describe('what an end is on the command line', () => {
  test.each([
    ['quotes.ndjson', file('quotes.ndjson')],
    ['./odd:name?x.txt', file('./odd:name?x.txt')],
    ['C:\\data\\in.txt', file('C:\\data\\in.txt')],
    ['file:quotes.bin?framing=u16', file('quotes.bin', 'u16')],
    ['file:/data/a%20b.bin?framing=u32', file('/data/a b.bin', 'u32')],
    ['file:///data/in.txt', file('/data/in.txt')],
    ['FILE:in.txt?framing=lines', file('in.txt')],
    ['-', { kind: 'stdio', framing: 'lines' }],
    ['-?framing=u32', { kind: 'stdio', framing: 'u32' }],
  ])('%s', (uri, end) => {
    expect(parseUri(uri)).toEqual(end)
  })

  test('a topic, with what is different from usual', () => {
    expect(parseUri('kafka://one:9092,two:9093/quotes')).toMatchObject({
      kind: 'kafka',
      topic: 'quotes',
      brokers: ['one:9092', 'two:9093'],
      from: 'earliest',
      guarantee: 'exactly-once',
      group: undefined,
    })
    expect(
      parseUri(
        'kafka://one:9092/quotes?from=2026-01-02T03:04:05Z&group=&guarantee=idempotent&compression=gzip&latest&ssl',
      ),
    ).toMatchObject({
      from: new Date('2026-01-02T03:04:05Z'),
      group: false,
      guarantee: 'idempotent',
      compression: 'gzip',
      latest: true,
      ssl: true,
    })
  })

  test.each([
    ['', 'is empty'],
    ['file:', 'has no path'],
    ['file:in.bin?framing=u8', 'has the framing "u8"'],
    ['file:in.bin?follow=yes', 'has "follow=yes" behind its "?"'],
    ['file:in.bin?framing=u16&framing=u32', 'behind its "?"'],
    ['file:%zz', 'has a path that cannot be read'],
    ['file://elsewhere/in.txt', 'has a path that cannot be read'],
    ['http://quotes', 'has the scheme "http", which nothing here reads'],
    ['kafka:quotes', 'cannot be a topic'],
    ['kafka://localhost/quotes', 'cannot be a topic'],
    ['kafka://localhost:9092/a b', 'cannot be a topic'],
    ['kafka://localhost:9092/quotes?from=tomorrow', 'cannot be a topic'],
    ['kafka://localhost:9092/quotes?framing=u16', 'has "framing" behind its "?"'],
  ])('%s is refused, with an example', (uri, what) => {
    expect(() => parseUri(uri)).toThrow(
      expect.objectContaining({
        code: 'MR_URI_INVALID',
        message: expect.stringContaining(what),
        next: expect.stringContaining('data/quotes.ndjson'),
      }),
    )
  })
})
