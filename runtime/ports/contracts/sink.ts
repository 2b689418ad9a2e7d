import type { LanePosition, SinkPort } from '../sink.ts'
import { type ContractKit, testsWith } from './kit.ts'
import { judgeContent, openSink, SinkScript, writeSink } from './sink-script.ts'

/** One outside, and writers that come one after the other. */
export interface SinkUnderTest {
  /** A writer that is not open yet. */
  writer(): SinkPort
  /** Everything that is outside now, in its order, half written or not. */
  content(): Promise<readonly Uint8Array[]>
  /** Ends a writer as `kill -9` does: no `done` is called any more. */
  kill(writer: SinkPort): Promise<void>
  dispose(): Promise<void>
}

export interface SinkContractOptions {
  fresh(): Promise<SinkUnderTest>
  readonly guarantee: SinkPort['guarantee']
  /** Whether `kill` can be done. Without it those tests are left out. */
  readonly kills: boolean
}

/** Every rule of runtime/ports/sink.ts as tests. */
export function sinkContract({ describe, test, expect }: ContractKit, options: SinkContractOptions): void {
  const { guarantee } = options
  const exactly = guarantee === 'effectively-once'
  const using = testsWith(test, () => options.fresh())

  describe('writing', () => {
    using('says what it guarantees, and a new one has no positions (O1)', async (outside) => {
      const writer = outside.writer()
      expect(writer.guarantee).toBe(guarantee)
      expect(await openSink(writer)).toEqual([])
      await writer.close()
      expect(await outside.content()).toEqual([])
    })

    using('is done in order, once each, and never from inside the call (O2)', async (outside) => {
      const writer = outside.writer()
      const script = new SinkScript(await openSink(writer))
      const told: number[] = []
      let inside = false
      const all = Array.from({ length: 60 }, (_, i) => {
        return new Promise<void>((resolve) => {
          inside = true
          writer.write(script.batch(shardsOf(i)), (error) => {
            expect([inside, error]).toEqual([false, undefined])
            told.push(i)
            resolve()
          })
          inside = false
        })
      })
      await Promise.all(all)
      expect(told).toEqual(Array.from({ length: 60 }, (_, i) => i))
      await writer.close()
      expect(judgeContent(await outside.content(), script.positions())).toEqual([])
    })

    using('what is done is there (O2)', async (outside) => {
      const writer = outside.writer()
      const script = new SinkScript(await openSink(writer))
      for (let i = 0; i < 12; i++) {
        expect(await writeSink(writer, script.batch(shardsOf(i)))).toBe('done')
        expect(judgeContent(await outside.content(), script.positions())).toEqual([])
      }
      await writer.close()
    })

    using('a batch written from inside a `done` comes after those that wait', async (outside) => {
      const writer = outside.writer()
      const script = new SinkScript(await openSink(writer))
      await new Promise<void>((resolve) => {
        let left = 20
        const again = (): void => {
          if (left-- === 0) resolve()
          else writer.write(script.batch([left % 3]), again)
        }
        again()
      })
      await writer.close()
      expect(judgeContent(await outside.content(), script.positions())).toEqual([])
    })

    using('a batch without outputs is done too', async (outside) => {
      const writer = outside.writer()
      const script = new SinkScript(await openSink(writer))
      expect(await writeSink(writer, script.batch([]))).toBe('done')
      expect(await writeSink(writer, script.batch([1]))).toBe('done')
      await writer.close()
      expect(judgeContent(await outside.content(), script.positions())).toEqual([])
    })

    using('close applies what was written', async (outside) => {
      const writer = outside.writer()
      const script = new SinkScript(await openSink(writer))
      const codes = Array.from({ length: 10 }, (_, i) => writeSink(writer, script.batch(shardsOf(i))))
      await writer.close()
      expect(new Set(await Promise.all(codes))).toEqual(new Set(['done']))
      expect(judgeContent(await outside.content(), script.positions())).toEqual([])
    })
  })

  if (exactly) {
    describe('positions', () => {
      using('are where they were, with their chains, each time it is opened (O1)', async (outside) => {
        let positions: readonly LanePosition[] = []
        for (let round = 0; round < 4; round++) {
          const writer = outside.writer()
          expect(sorted(await openSink(writer))).toEqual(sorted(positions))
          const script = new SinkScript(positions)
          for (let i = 0; i < 5; i++) await writeSink(writer, script.batch(shardsOf(round * 5 + i)))
          await writer.close()
          positions = script.positions()
          expect(judgeContent(await outside.content(), positions)).toEqual([])
        }
      })

      using('a lane does not go back', async (outside) => {
        const writer = outside.writer()
        await openSink(writer)
        expect(await writeSink(writer, new SinkScript().batch([1, 1, 1]))).toBe('done')
        expect(await writeSink(writer, new SinkScript().batch([1]))).toBe('MR_SINK_DIVERGED')
        await writer.close()
        expect((await outside.content()).length).toBe(3)
      })

      using('a later open fences: the older one changes nothing any more (O4, O5)', async (outside) => {
        const older = outside.writer()
        const script = new SinkScript(await openSink(older))
        await writeSink(older, script.batch([1, 2, 2]))
        const newer = outside.writer()
        const next = new SinkScript(await openSink(newer))
        expect(sorted(next.positions())).toEqual(sorted(script.positions()))
        expect(await writeSink(older, script.batch([1]))).toBe('MR_FENCED')
        expect(await writeSink(newer, next.batch([1, 3]))).toBe('done')
        expect(await writeSink(older, script.batch([2]))).toBe('MR_FENCED')
        await older.close()
        await newer.close()
        expect(judgeContent(await outside.content(), next.positions())).toEqual([])
      })
    })
  }

  if (!options.kills) return
  describe('kill -9', () => {
    using('again and again: content and positions agree (O1, O3)', async (outside) => {
      for (let round = 0; round < 12; round++) {
        const writer = outside.writer()
        const positions = await openSink(writer)
        if (exactly) expect(judgeContent(await outside.content(), positions)).toEqual([])
        const script = new SinkScript(positions)
        const before = (await outside.content()).length
        let confirmed = before
        let last: Promise<string> = Promise.resolve('done')
        for (let i = 0; i < 8; i++) {
          const batch = script.batch(shardsOf(round + i))
          last = new Promise((resolve) => {
            writer.write(batch, (error) => {
              if (error === undefined) confirmed += batch.count
              resolve('done')
            })
          })
          if (i === round % 8) await last
        }
        await outside.kill(writer)
        const content = await outside.content()
        expect(content.length >= confirmed, `${confirmed} outputs were confirmed, ${content.length} are there`).toBe(
          true,
        )
      }
      const writer = outside.writer()
      const positions = await openSink(writer)
      await writer.close()
      if (exactly) expect(judgeContent(await outside.content(), positions)).toEqual([])
    })
  })
}

/** Lanes of one batch: a few, in changing order, some of them twice. */
function shardsOf(i: number): number[] {
  return Array.from({ length: 1 + (i % 5) }, (_, k) => (i * 7 + k * 3) % 6)
}

function sorted(positions: readonly LanePosition[]): LanePosition[] {
  return [...positions].sort((a, b) => a.shard - b.shard)
}
