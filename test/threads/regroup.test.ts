import { describe, expect, test } from 'vitest'
import { ByteReader } from '../../runtime/base/bytes.ts'
import { decodeGroupHeader, decodeShardHeader, type StoredSource } from '../../runtime/shard/headers.ts'
import { type Recovered, recover } from '../../runtime/shard/recover.ts'
import { RecoveredOutputs } from '../../runtime/shard/recovered-outputs.ts'
import { regroup } from '../../runtime/shard/regroup.ts'
import { Space } from '../../runtime/shard/row-key.ts'

const at = (number: number) => ({ number, chainHigh: number * 7, chainLow: number * 11 })

function resting(group: number, parts: Partial<Recovered>, hasShards = true) {
  const nothing = recover(group, { resident: [], records: [] }, () => true)
  return { group, hasShards, recovered: { ...nothing, ...parts } }
}

function source(next: number, parts: Partial<StoredSource> = {}): StoredSource {
  return { source: 0, partition: 'p', start: 0, next, proof: '', fingerprint: 'f', drained: true, ...parts }
}

function anOutput(): RecoveredOutputs {
  const outputs = new RecoveredOutputs()
  outputs.begin(1, new Uint8Array(0))
  outputs.add(0, 1, 0, 0, 0)
  return outputs
}

/** The headers among rows, by their number. */
function headers(rows: ReturnType<typeof regroup>, space: number): Map<number, Uint8Array> {
  return new Map(rows.filter(([key]) => key[0] === space).map(([key, value]) => [new ByteReader(key, 1).u16(), value!]))
}

describe('regroup', () => {
  test('numbers and chains go on; times, cuts and dead letters are those of the furthest; sources those of all', () => {
    const rows = regroup(
      [
        resting(0, { ...at(9), nowMs: 50, cut: 1, deadLetters: 7, sources: [source(30)] }),
        resting(1, { ...at(4), nowMs: 80, cut: 3, deadLetters: 2, sources: [source(30, { proof: 'seen' })] }),
        resting(2, { ...at(100), nowMs: 1, sources: [source(3)] }, false),
      ],
      4,
    )
    const found = [...headers(rows, Space.group)].map(([group, bytes]) => [group, decodeGroupHeader(bytes)] as const)
    const common = { nowMs: 80, cut: 3, deadLetters: 7, sources: [source(30, { proof: 'seen' })] }
    expect(found).toEqual([
      [0, { ...at(9), ...common }],
      [1, { ...at(4), ...common }],
      [2, { ...at(100), ...common }],
      [3, { ...at(0), ...common }],
    ])
  })

  test('who has no shards any more keeps its number only', () => {
    const rows = regroup([resting(0, { sources: [source(5)] }), resting(1, { ...at(6), sources: [source(5)] })], 1)
    expect(decodeGroupHeader(headers(rows, Space.group).get(1)!)).toMatchObject({ ...at(6), sources: [] })
  })

  test('lanes keep their positions, also between shards that part or come together', () => {
    const lane = { from: 1, to: 2, position: at(5) }
    const rows = regroup(
      [
        resting(0, {
          shards: new Map([[1, at(3)]]),
          lanesPruned: new Map([['1/2', { ...lane, position: at(4) }]]),
          shardHeaders: [{ shard: 1, position: at(3), sinks: [], lanesIn: [], lanesOut: [[2, at(5), at(2)]] }],
        }),
        resting(1, { shards: new Map([[2, at(8)]]), lanesIn: new Map([['1/2', lane]]) }),
      ],
      3,
    )
    const found = headers(rows, Space.shard)
    expect(decodeShardHeader(1, found.get(1)!).lanesOut).toEqual([[2, at(5), at(5)]])
    expect(decodeShardHeader(2, found.get(2)!)).toMatchObject({ position: at(8), lanesIn: [[1, at(5)]] })
  })

  test.each([
    [
      'a message waits',
      { shardHeaders: [{ shard: 1, position: at(1), sinks: [], lanesIn: [], lanesOut: [[2, at(5), at(4)]] }] },
    ],
    ['an output waits', { outputs: anOutput() }],
    ['a record was not read by all', { sources: [source(31)] }],
    ['a partition was not read by all', { sources: [source(30), source(9, { partition: 'q' })] }],
  ] as [string, Partial<Recovered>][])('%s: nothing is changed', (_, parts) => {
    expect(() =>
      regroup([resting(0, { sources: [source(30)], ...parts }), resting(1, { sources: [source(30)] })], 1),
    ).toThrow('MR_STOPPED: the number of workers cannot change now')
  })
})
