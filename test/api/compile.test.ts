import { deepStrictEqual } from 'node:assert'
import { entity, json, pipeline, sink, source } from 'millrace'
import { expect, test } from 'vitest'
import { compile } from '../../api/compile.ts'

test('smoke', () => {
  const A = entity('a', {
    state: () => ({ n: 0 }),
    on: {
      go(s, m: { k: string }) {
        s.n++
        return { kind: 'x', m }
      },
    },
  })
  const s = source(
    's',
    json((raw) => raw as { k: string }),
  )
  const o = sink(
    'o',
    json((raw) => raw as unknown),
  )
  const p = pipeline('p', ({ from }) => {
    from(s)
      .keyBy((v) => v.k)
      .to(A.go)
      .branch('kind')
      .x.into(o)
  })
  const plan = compile(p)
  const got: unknown[] = []
  plan.sources[0]!.flow({ k: 'z' }, { toEntity: (...args) => got.push(args), toSink: (...args) => got.push(args) })
  deepStrictEqual(got, [[1, 'z', { k: 'z' }]])
  expect(plan.routes.map((r) => r.name)).toEqual(['a.go', 's>a.go'])
})
