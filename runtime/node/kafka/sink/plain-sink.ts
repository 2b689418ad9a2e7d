import type { MillraceError } from '../../../base/errors.ts'
import type { LanePosition } from '../../../ports/sink.ts'
import type { KafkaClient } from '../client.ts'
import { isRetriable, KafkaFailure } from '../failure.ts'
import { patiently } from '../../patiently.ts'
import type { OutputGroup } from './output-group.ts'
import { TopicSink, type TopicSettings } from './topic-sink.ts'

/**
 * Writes outputs to a topic without transactions: they are seen sooner, and after a crash or an error some come again. It keeps
 * no positions: what was not confirmed is written again.
 */
export class PlainSink extends TopicSink {
  readonly guarantee = 'at-least-once'

  constructor(client: KafkaClient, settings: TopicSettings) {
    super(client, settings, client.producer({ transactionalId: undefined, transactionTimeoutMs: 60_000 }))
  }

  protected async prepare(): Promise<readonly LanePosition[]> {
    await patiently(this.settings.patienceMs, mayGoWell, () => this.producer.open())
    return []
  }

  protected take(): MillraceError | undefined {
    return undefined
  }

  protected async send(group: OutputGroup): Promise<void> {
    for (const round of group.finish()) {
      let isUnknown = false
      await patiently(this.settings.patienceMs, mayGoWell, async () => {
        // After an error the brokers may or may not have it: it comes again, in a sequence of its own.
        if (isUnknown) await this.producer.open()
        isUnknown = true
        await this.producer.send(round)
      })
    }
  }
}

function mayGoWell(error: unknown): boolean {
  return isRetriable(error) || (error instanceof KafkaFailure && /SEQUENCE|PRODUCER_ID/.test(error.kind))
}
