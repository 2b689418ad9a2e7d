import { describe, expect, test } from 'vitest'
import { sourceContract } from '../../runtime/ports/contracts/source.ts'
import { topicUnderTest } from './support/topic-under-test.ts'
import { useBroker } from './support/use-broker.ts'

const outside = useBroker({ shared: true })

describe('the contract of a source, a topic that is followed', () => {
  sourceContract({ describe, test, expect }, { fresh: () => topicUnderTest(outside), follows: true, framed: false })
})

describe('the contract of a source, a topic that is read to its end', () => {
  sourceContract(
    { describe, test, expect },
    {
      fresh: () => topicUnderTest(outside, { follow: false, aheadBytes: 512, fetchBytes: 256 }),
      follows: false,
      framed: false,
    },
  )
})
