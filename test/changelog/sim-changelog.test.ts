import { describe, expect, test } from 'vitest'
import { Prng } from '../../runtime/base/prng.ts'
import { append, logContract, readToEnd } from '../../runtime/ports/contracts/log.ts'
import { bytes, codeOf } from '../../runtime/ports/contracts/store-calls.ts'
import { type AppendFault, SimBrokers, SimChangelog } from '../../runtime/sim/sim-changelog.ts'
import { RandomOrder } from '../store/sim-fixture.ts'

let seed = 0

function fixture(fault?: () => AppendFault | undefined): {
  readonly open: () => Promise<SimChangelog>
  dispose(): Promise<void>
} {
  const prng = new Prng(++seed, 11)
  const brokers = new SimBrokers()
  const { schedule } = new RandomOrder(prng)
  return {
    open: async () => new SimChangelog({ brokers, schedule, prng, ...(fault && { fault }) }),
    dispose: async () => undefined,
  }
}

describe('the simulated log', () => {
  logContract({ describe, test, expect }, async () => fixture())
})

describe('what may go wrong with an append (L2)', () => {
  test.each([
    ['refused', true, 0],
    ['lost', false, 0],
    ['applied', false, 1],
    ['late', false, 1],
  ] as const)('%s: certain %s, and in the end it is there %i times', async (fault, certain, times) => {
    let armed: AppendFault | undefined = fault
    const log = await fixture(() => {
      const strikes = armed
      armed = undefined
      return strikes
    }).open()
    const failed = append(log, 0, bytes(1)).catch((error: unknown) => error)
    expect(await failed).toMatchObject({ code: 'MR_STORE_FAILED', certain })
    while ((await readToEnd(log, 0, 0)).length < times) await append(log, 1, bytes(0))
    expect(await codeOf(append(log, 0, bytes(2)))).toBe('no error')
    expect(await readToEnd(log, 0, 0)).toEqual([...Array(times).fill(bytes(1)), bytes(2)])
  })

  test('repeated: it comes once more, behind whatever came meanwhile', async () => {
    let armed = true
    const log = await fixture(() => {
      const strikes = armed ? 'repeated' : undefined
      armed = false
      return strikes
    }).open()
    expect(await append(log, 0, bytes(1))).toBe(0)
    while ((await readToEnd(log, 0, 0)).length < 2) await append(log, 1, bytes(0))
    expect(await readToEnd(log, 0, 0)).toEqual([bytes(1), bytes(1)])
  })
})
