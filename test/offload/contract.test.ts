import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { offloadOf, type OffloadDefinition } from '../../api/offload.ts'
import { offloadedFlow } from '../../api/offload/flow.ts'
import { OffloadedSource } from '../../api/offload/offloaded-source.ts'
import { OffloadDesk } from '../../api/run/offload/desk.ts'
import { offloadedPartition } from '../../api/run/offload/offloaded-partition.ts'
import { createCodec } from '../../runtime/codec/codec.ts'
import { sourceContract } from '../../runtime/ports/contracts/source.ts'
import { fileSourceUnderTest } from '../ends/support/file-source-under-test.ts'
import { grind } from './support/steps.ts'

const step: OffloadDefinition = offloadOf(grind)!
step.place = { href: step.moduleUrl, exportName: 'grind', name: 'grind' }
const offloaded = new OffloadedSource(
  {
    name: 'quotes',
    decode: (bytes) => ({ id: bytes.length }),
    time: undefined,
    forwards: true,
    key: undefined,
    flow: offloadedFlow(step, () => {}),
    fingerprint: '',
  },
  [step],
  createCodec(),
)
let desk: OffloadDesk

beforeAll(async () => {
  desk = new OffloadDesk({ sources: [offloaded], threads: 1, usesLoader: false })
  await desk.check()
})
afterAll(() => desk.close())

describe('the contract of a source, a file whose records are offloaded', { timeout: 60_000 }, () => {
  sourceContract(
    { describe, test, expect },
    {
      fresh: async () => {
        const file = await fileSourceUnderTest('u32', { follow: true })
        return { ...file, open: (wake) => offloadedPartition(desk, 0, file.open(wake), wake) }
      },
      follows: true,
      framed: true,
    },
  )
})
