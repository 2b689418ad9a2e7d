import { entity, pipeline, source, text } from 'millrace'
import { describe, expect, test } from 'vitest'
import { compile } from '../../api/compile.ts'
import { workerOptions } from '../../api/run/worker-options.ts'
import { shardOf } from '../../runtime/base/hash.ts'
import { createCodec } from '../../runtime/codec/codec.ts'
import { encodeDeadLetter } from '../../runtime/shard/dead-letter.ts'
import { Group } from '../../runtime/shard/group.ts'
import { recover } from '../../runtime/shard/recover.ts'
import { deadLetterKey } from '../../runtime/shard/row-key.ts'

const shardCount = 8
const lines = source('lines', text)
const Word = entity('word', {
  state: () => ({ times: 0 }),
  on: { see: (word, _word: string) => void (word.times += 1) },
})
const plan = compile(
  pipeline('words', ({ from }) => {
    from(lines)
      .flatMap((line) => line.split(' '))
      .keyBy((word) => word)
      .to(Word.see)
  }),
)
const ownerOf = (word: string): number => shardOf(word, shardCount) % 2
const here = 'abcdefgh'.split('').filter((word) => ownerOf(word) === 0)
const elsewhere = 'abcdefgh'.split('').filter((word) => ownerOf(word) === 1)

/** One of two groups, which has just read something for the other. */
function groupThatHasRead(): { group: Group; handedOver: string[] } {
  const codec = createCodec()
  const options = workerOptions({ group: 0, groupCount: 2, shardCount, acceptTornRecords: false })
  const nothing = recover(0, { resident: [], records: [] }, () => true)
  const group = new Group(plan, codec, options, 1, nothing)
  const handedOver: string[] = []
  group.begin(0)
  const record = Buffer.from(elsewhere[0]!)
  const slices = { buffer: record, starts: [0], ends: [record.length], offsets: [0] }
  group.intake.begin(0, '0', slices, {
    emit: (_shard, _route, key) => handedOver.push(key),
    forward: () => undefined,
    abort: () => undefined,
  })
  return { group, handedOver }
}

function retry(group: Group, record: string): void {
  const letter = {
    code: 'MR_STEP_FAILED',
    error: '',
    where: '',
    timeMs: 0,
    atMs: 0,
    format: 'record' as const,
    message: Buffer.from(record),
    source: 'lines',
    partition: '0',
    position: '0',
  }
  group.stage.deadLetter(deadLetterKey(0, 1), encodeDeadLetter(letter, createCodec()).slice(), () => undefined)
}

describe('the dead letter of a record, tried again by one of several groups', () => {
  test('what is all for its own shards is handled', () => {
    const { group, handedOver } = groupThatHasRead()
    retry(group, `${here[0]} ${here[1]}`)
    expect([group.batch.count, handedOver]).toEqual([2, []])
  })

  test.each([
    ['all', elsewhere.slice(0, 2)],
    ['some', [here[0], elsewhere[0]]],
  ])('%s for another group: it is refused whole, and nothing is handed to the reader that was last', (_, words) => {
    const { group, handedOver } = groupThatHasRead()
    expect(() => retry(group, words.join(' '))).toThrow('belongs to another worker. Retry it on one worker')
    expect([group.batch.count, handedOver]).toEqual([0, []])
    expect(group.hasWork && group.seal()?.rows.some(([key]) => key[0] === deadLetterKey(0, 1)[0])).toBe(false)
  })
})
