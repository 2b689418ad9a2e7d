import { describe, expect, test } from 'vitest'
import { converse, emission, HandGroup, headerOf, kindOf, meet, message, names, pair } from './hand-group.ts'
import { writeRecord } from './emission.ts'

describe('lanes', () => {
  test('nothing is sent before its commit is durable, and nothing is acked before it is durable there', () => {
    const { a, b } = pair()
    for (const content of ['x', 'y']) a.outLanes.append(0, 1, message(content), 1)
    a.links.tick(0)
    expect(a.outbox).toEqual([])
    a.outLanes.durable(1)
    a.links.durable(1, 0)
    converse(a, b)
    expect(b.take()).toBe(2)
    expect([b.taken, b.links.hasTaken]).toEqual([['x', 'y'], true])
    b.seal()
    expect([b.outbox, a.outLanes.waitingCount]).toEqual([[], 2])
    b.commit()
    expect(b.kinds()).toEqual(['ack'])
    converse(a, b)
    expect([a.outLanes.waitingCount, a.links.isQuiet, b.links.hasTaken]).toEqual([0, true, false])
  })

  test('a full batch offers the rest to the next one', () => {
    const { a, b } = pair()
    a.post(0, 1, 'a', 'b', 'c')
    converse(a, b)
    b.room = 1
    expect([b.take(), b.taken.join(), b.links.hasWaiting]).toEqual([1, 'a', true])
    b.commit()
    b.room = 10
    expect([b.take(1), b.take(), b.taken.join(), b.links.hasWaiting]).toEqual([1, 1, 'a,b,c', false])
  })

  test('a lost frame ends the session, and the next one begins where the receiver is', () => {
    const { a, b } = pair()
    a.post(0, 1, 'a')
    converse(a, b)
    a.post(0, 1, 'lost')
    a.takeOutbox()
    a.post(0, 1, 'c')
    converse(a, b) // b asks to reopen; a's next hello waits for the tick
    b.take()
    a.links.tick(0)
    converse(a, b) // b took 'a', which is not durable: no welcome yet
    expect([a.links.isQuiet, b.taken.join()]).toEqual([false, 'a'])
    b.commit()
    converse(a, b)
    b.take()
    expect(b.taken.join()).toBe('a,lost,c')
    b.commit()
    converse(a, b)
    expect(a.links.isQuiet).toBe(true)
  })

  test('a repeated or late frame changes nothing', () => {
    const { a, b } = pair()
    a.post(0, 1, 'a')
    const [frame] = a.takeOutbox()
    for (let i = 0; i < 3; i++) b.links.onFrame(0, frame!, 0)
    b.take()
    b.commit()
    converse(a, b)
    b.links.onFrame(0, frame!, 0)
    expect([b.take(), b.outbox.length, a.links.isQuiet]).toEqual([0, 0, true])
  })

  test('the lost end of a conversation is asked for', () => {
    const { a, b } = pair()
    a.post(0, 1, 'a')
    a.takeOutbox()
    for (const nowMs of [0, 9]) a.links.tick(nowMs)
    expect(a.outbox).toEqual([])
    a.links.tick(10)
    expect(a.kinds()).toEqual(['ask'])
    converse(a, b, 10)
    a.links.tick(10)
    converse(a, b, 10)
    expect([b.take(), b.taken.join()]).toEqual([1, 'a'])
  })

  test('a lost ack is noticed', () => {
    const { a, b } = pair()
    a.post(0, 1, 'a')
    converse(a, b)
    b.take()
    b.commit()
    b.takeOutbox()
    a.links.tick(0)
    a.links.tick(10)
    expect(a.kinds()).toEqual(['ask'])
    converse(a, b, 10)
    expect([a.outLanes.waitingCount, a.links.isQuiet]).toEqual([1, true])
    a.links.tick(29)
    expect(a.outbox).toEqual([]) // it may only be late
    a.links.tick(30)
    expect(a.kinds()).toEqual(['hello'])
    converse(a, b, 30)
    expect(a.outLanes.waitingCount).toBe(0)
  })

  test('a receiver that is slow is asked ever more seldom, and its session stays', () => {
    const { a, b } = pair()
    a.post(0, 1, 'a')
    converse(a, b)
    let asked = 0
    for (let nowMs = 0; nowMs < 1_000; nowMs++) {
      a.links.tick(nowMs)
      asked += a.outbox.length
      converse(a, b, nowMs)
    }
    expect(asked).toBeLessThan(12)
    expect([b.take(), b.taken.join()]).toEqual([1, 'a'])
  })
})

describe('sessions', () => {
  test('a hello drops what waits', () => {
    const { a, b } = pair()
    a.post(0, 1, 'a')
    converse(a, b)
    const again = new HandGroup(0, { epoch: 2 }) // a has lost everything, with durability process
    again.links.tick(0)
    for (const frame of again.takeOutbox()) b.links.onFrame(0, frame, 0)
    expect([b.take(), b.kinds()]).toEqual([0, ['welcome']])
  })

  test('a group that was opened anew asks to be greeted', () => {
    const { a, b } = pair()
    a.post(0, 1, 'a')
    converse(a, b)
    const again = new HandGroup(1, { epoch: 2 })
    meet(a, again)
    a.links.tick(0)
    converse(a, again)
    expect([again.take(), again.taken.join()]).toEqual([1, 'a'])
  })

  test('frames of a session with an earlier incarnation are answered with the wish for a new one, once', () => {
    const { a } = pair()
    const again = new HandGroup(1, { epoch: 2 })
    again.links.tick(0)
    again.takeOutbox()
    a.post(0, 1, 'a'.repeat(300), 'b'.repeat(300))
    for (const frame of a.takeOutbox()) again.links.onFrame(0, frame, 5)
    expect([again.kinds(), again.take()]).toEqual([['reopen'], 0])
    expect(headerOf(again.outbox[0]!).receiverEpoch).toBe(1)
  })

  test('an older incarnation of the sender is not heard any more', () => {
    const { a, b } = pair()
    const again = new HandGroup(0, { epoch: 2 })
    meet(again, b)
    a.post(0, 1, 'a')
    converse(a, b)
    a.links.tick(10)
    converse(a, b, 10)
    expect(b.take()).toBe(0)
  })
})

describe('sources', () => {
  test('records and marks arrive in order, and their position is acked when it is durable', () => {
    const { a, b } = pair()
    expect(a.links.durableNext(0, 'p')).toBe(Number.NEGATIVE_INFINITY)
    expect(a.links.resume(0, 'p', 5, 5)).toBe(5)
    writeRecord(a.links, 'p', 5, 7, [emission(1, 'r'), emission(3, 's')])
    writeRecord(a.links, 'p', 7, 9, [])
    a.links.mark(0, 'p', 9)
    a.links.tick(0)
    converse(a, b)
    expect([b.take(), b.taken]).toEqual([2, ['record 5-7 r,s', 'mark p 9']])
    b.commit()
    converse(a, b)
    expect(a.links.durableNext(0, 'p')).toBe(9)
  })

  test('a reader whose peer is behind it reads again from there, and nothing is sent until it does', () => {
    const a = new HandGroup(0)
    const b = new HandGroup(1)
    b.sources = [{ source: 0, partition: 'p', next: 20 }]
    expect(a.links.durableNext(0, 'p')).toBe(undefined)
    meet(a, b)
    writeRecord(a.links, 'p', 30, 40, [emission(1, 'too far')])
    expect(a.links.resume(0, 'p', 30, 0)).toBe(20)
    writeRecord(a.links, 'p', 30, 40, [emission(1, 'too far')])
    expect(a.links.resume(0, 'p', 10, 0)).toBe(10)
    for (let offset = 10; offset < 40; offset += 10) {
      writeRecord(a.links, 'p', offset, offset + 10, [emission(1, `at${offset}`)])
    }
    a.links.tick(0)
    converse(a, b)
    b.take()
    expect(b.taken).toEqual(['record 20-30 at20', 'record 30-40 at30'])
  })

  test('what a reader with other steps behind the source has made is not taken, nor what it has passed', () => {
    const a = new HandGroup(0, { names: { ...names, plans: ['older steps'] } })
    const b = new HandGroup(1)
    meet(a, b)
    a.links.resume(0, 'p', 0, 0)
    writeRecord(a.links, 'p', 0, 10, [emission(1, 'made by older steps')])
    a.links.mark(0, 'p', 10)
    a.post(0, 1, 'a message')
    a.links.tick(0)
    converse(a, b)
    b.take()
    b.commit()
    converse(a, b)
    expect(b.taken).toEqual(['a message'])
    expect(a.links.durableNext(0, 'p')).toBe(Number.NEGATIVE_INFINITY)
    expect([...a.errors, ...b.errors]).toEqual([])
  })

  test('a record that is all for the peer goes to it as it came, also piece by piece', () => {
    const { a, b } = pair()
    const forward = (offset: number, content: string): void => {
      const bytes = Uint8Array.from(`<${content}>`, (letter) => letter.charCodeAt(0))
      a.links.beginRecord(0, 'p', offset, offset + 5)
      a.links.forward(3, 9, new DataView(bytes.buffer), 1, bytes.length - 1)
      a.links.endRecord()
    }
    a.links.resume(0, 'p', 10, 10)
    forward(10, 'one')
    forward(15, 'two')
    forward(20, 'three')
    writeRecord(a.links, 'p', 25, 30, [emission(1, 'r')])
    forward(30, 'four')
    a.links.tick(0)
    converse(a, b)
    expect(b.take(2)).toBe(2)
    b.commit()
    converse(a, b)
    expect(a.links.durableNext(0, 'p')).toBe(20)
    b.room = 2
    expect(b.take()).toBe(2)
    b.room = 9
    expect(b.take()).toBe(1)
    expect(b.taken).toEqual([
      'forwarded 10-15 one',
      'forwarded 15-20 two',
      'forwarded 20-25 three',
      'record 25-30 r',
      'forwarded 30-35 four',
    ])
  })

  test('nothing of a record whose steps fail is sent, and what comes before and after it is', () => {
    const { a, b } = pair()
    a.links.resume(0, 'p', 0, 0)
    const failing = (offset: number): void => {
      a.links.beginRecord(0, 'p', offset, offset + 10)
      a.links.emit(1, 0, 'key', 0, 9, new Uint8Array(3))
      a.links.abort()
      a.links.endRecord()
    }
    failing(0)
    a.links.tick(0)
    expect(a.outbox).toEqual([])
    writeRecord(a.links, 'p', 10, 20, [emission(1, 'before')])
    failing(20)
    writeRecord(a.links, 'p', 30, 40, [emission(1, 'after')])
    a.links.tick(0)
    converse(a, b)
    b.take()
    expect(b.taken).toEqual(['record 10-20 before', 'record 30-40 after'])
  })

  test('a new session puts the reader back to what is durable', () => {
    const { a, b } = pair()
    a.links.resume(0, 'p', 0, 0)
    writeRecord(a.links, 'p', 0, 10, [emission(1, 'lost')])
    a.links.tick(0)
    const again = new HandGroup(1, { epoch: 2 })
    meet(a, again)
    a.links.tick(0)
    converse(a, again)
    writeRecord(a.links, 'p', 10, 20, [emission(1, 'too far')])
    expect(a.links.resume(0, 'p', 10, 0)).toBe(0)
    expect(a.links.resume(0, 'p', 0, 0)).toBe(0)
    writeRecord(a.links, 'p', 0, 10, [emission(1, 'again')])
    a.links.tick(0)
    converse(a, again)
    again.take()
    expect([again.taken, b.taken]).toEqual([['record 0-10 again'], []])
  })

  test('credit ends when too much is on its way, and returns with the commit', () => {
    const { a, b } = pair()
    a.links.resume(0, 'p', 0, 0)
    let sent = 0
    for (; a.links.hasCredit; sent++) writeRecord(a.links, 'p', sent, sent + 1, [emission(1, 'x'.repeat(50))])
    expect(sent).toBeGreaterThan(5)
    expect(sent).toBeLessThan(15)
    a.links.tick(0)
    a.post(0, 1, 'a message waits too')
    converse(a, b)
    b.take()
    expect([a.links.hasCredit, b.taken.length]).toEqual([false, sent])
    b.outboxFull = true
    b.commit()
    converse(a, b)
    expect([a.links.hasCredit, b.take(), b.taken.at(-1)]).toEqual([true, 1, 'a message waits too'])
  })
})

test('RULE 9: a cut is noted before what carries it is taken, and before an ack that carries it is applied', () => {
  const { a, b } = pair()
  a.post(0, 1, 'before')
  converse(a, b)
  a.cut = 3
  a.post(0, 1, 'after')
  converse(a, b)
  b.take()
  expect(b.taken).toEqual(['before', 'cut 3', 'after'])
  b.cut = 4
  b.commit()
  expect(b.outbox.map((frame) => [kindOf(frame), headerOf(frame).cut])).toEqual([['ack', 4]])
  converse(a, b)
  expect([a.cuts, a.outLanes.waitingCount]).toEqual([[4], 0])
})
