import { describe, expect, test } from 'vitest'
import { frozen } from './expect.ts'
import { type Model, copyOf, describeExploration, explore, sortByText, stepsFrom } from './explore.ts'

/** A counter that goes up by 1 or by 3, to `end`. What may never be, and where it stops, are planted by the test. */
interface Counter {
  value: number
}

interface Planted {
  readonly forbidden?: number
  /** From here nothing leads on. */
  readonly trap?: number
  /** From here only a fault leads on. */
  readonly faultyBridge?: number
}

function counterModel(end: number, planted: Planted = {}): Model<Counter, 'forbidden'> {
  return {
    initial: { value: 0 },
    steps(state) {
      const { step, fault, steps } = stepsFrom(state)
      if (state.value === planted.trap) return steps
      for (const by of [1, 3]) {
        if (state.value + by > end) continue
        const add = state.value === planted.faultyBridge ? fault : step
        add(`+${by}`, (to) => {
          to.value += by
        })
      }
      return steps
    },
    violation: ({ value }) => (value === planted.forbidden ? { kind: 'forbidden', detail: `${value}` } : undefined),
    goal: ({ value }) => value === end,
  }
}

describe('the explorer', () => {
  test('visits every state, and says so', () => {
    expect(explore(counterModel(10))).toEqual({
      verdict: 'holds',
      complete: true,
      live: true,
      violation: undefined,
      trace: [],
      states: 11,
      edges: 18,
      depth: 4,
      unwitnessed: [],
    })
  })

  test('finds a planted violation by a shortest trace', () => {
    const result = explore(counterModel(10, { forbidden: 7 }))
    expect(result.verdict).toBe('violated')
    expect(result.violation).toEqual({ kind: 'forbidden', detail: '7' })
    expect([...result.trace].sort()).toEqual(['+1', '+3', '+3'])
    expect(result.complete).toBe(false)
  })

  test('finds a violation in the initial state', () => {
    expect(explore(counterModel(10, { forbidden: 0 }))).toMatchObject({ verdict: 'violated', trace: [] })
  })

  test('finds a planted state from which nothing leads on', () => {
    const result = explore(counterModel(10, { trap: 3 }))
    expect(result).toMatchObject({ verdict: 'stuck', complete: true, live: false, trace: ['+3'] })
  })

  test('does not let a fault lead to the goal', () => {
    expect(explore(counterModel(10, { faultyBridge: 4 }))).toMatchObject({ verdict: 'stuck', trace: ['+1', '+3'] })
  })

  test('walks through faults all the same, to what they lead to', () => {
    const result = explore(counterModel(10, { faultyBridge: 0, forbidden: 4 }))
    expect(result).toMatchObject({ verdict: 'violated', trace: ['+1', '+3'] })
  })

  test('goes round a loop, and calls it stuck if it does not lead to the goal', () => {
    const light: Model<{ colour: string }> = {
      initial: { colour: 'red' },
      steps: ({ colour }) => [{ label: 'turns', state: { colour: colour === 'red' ? 'green' : 'red' }, fault: false }],
      violation: () => undefined,
    }
    expect(explore(light)).toMatchObject({ verdict: 'holds', complete: true, states: 2, live: undefined })
    expect(explore({ ...light, goal: ({ colour }) => colour === 'blue' })).toMatchObject({
      verdict: 'stuck',
      trace: [],
    })
  })

  test('gives up at the cap, and then claims neither completeness nor liveness', () => {
    const result = explore(counterModel(1000, { trap: 3 }), { cap: 20 })
    expect(result).toMatchObject({ verdict: 'holds', complete: false, live: undefined })
    expect(result.states).toBeLessThan(30)
  })

  test('names the witnesses that it never met', () => {
    const witnesses = {
      'at seven': ({ value }: Counter) => value === 7,
      'at eleven': ({ value }: Counter) => value === 11,
    }
    expect(explore(counterModel(10), { witnesses }).unwitnessed).toEqual(['at eleven'])
  })

  test('describes what it found, step by step', () => {
    expect(describeExploration('counter', explore(counterModel(10, { forbidden: 6 })))).toBe(
      'counter: violated (forbidden: 6), not complete [6 states, 6 steps, depth 1]\n  1. +3\n  2. +3',
    )
  })
})

describe('what models are built with', () => {
  test('a step changes its own copy only', () => {
    const state = { list: [1], inner: { value: 1 } }
    const { step, steps } = stepsFrom(state)
    step('grows', (to) => {
      to.list.push(2)
      to.inner.value = 2
    })
    expect(state).toEqual({ list: [1], inner: { value: 1 } })
    expect(steps).toEqual([{ label: 'grows', state: { list: [1, 2], inner: { value: 2 } }, fault: false }])
  })

  test('a step is brought into normal form after its change', () => {
    const { fault, steps } = stepsFrom({ bag: [2] }, ({ bag }) => sortByText(bag))
    fault('adds', ({ bag }) => bag.push(1))
    expect(steps).toEqual([{ label: 'adds', state: { bag: [1, 2] }, fault: true }])
  })

  test('a frozen model catches a step that changes the state it starts from', () => {
    const careless: Model<Counter> = {
      initial: { value: 0 },
      steps(state) {
        state.value += 1
        return []
      },
      violation: () => undefined,
    }
    expect(() => explore(frozen(careless))).toThrow(TypeError)
  })

  test('copies are deep, and keep null, text and the order of keys', () => {
    const value = { b: [null, { c: 'text' }], a: true }
    const copy = copyOf(value)
    expect(JSON.stringify(copy)).toBe(JSON.stringify(value))
    expect(copy.b[1]).not.toBe(value.b[1])
  })
})
