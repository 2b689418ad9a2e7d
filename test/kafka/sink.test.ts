import { describe, expect, test } from 'vitest'
import { sinkContract } from '../../runtime/ports/contracts/sink.ts'
import { topicSinkUnderTest } from './support/topic-sink-under-test.ts'
import { useBroker } from './support/use-broker.ts'

const outside = useBroker({ shared: true })

describe('the contract of a sink, a topic written in transactions', () => {
  sinkContract(
    { describe, test, expect },
    { fresh: () => topicSinkUnderTest(outside), guarantee: 'effectively-once', kills: true },
  )
})

describe('the contract of a sink, a topic written in transactions with the latest of each key, of which each has one', () => {
  sinkContract(
    { describe, test, expect },
    { fresh: () => topicSinkUnderTest(outside, { latest: true }), guarantee: 'effectively-once', kills: true },
  )
})

describe.each(['idempotent', 'at-least-once'] as const)('the contract of a sink, a topic written %s', (guarantee) => {
  sinkContract(
    { describe, test, expect },
    {
      fresh: () => topicSinkUnderTest(outside, { guarantee, compression: 'gzip' }),
      guarantee: 'at-least-once',
      kills: true,
    },
  )
})
