import { Buffer } from 'node:buffer'
import { KafkaFailure } from '../failure.ts'
import type { OauthToken, SaslOptions } from '../sasl-options.ts'

/** What kafkajs hands to those that know a mechanism: sends bytes of the mechanism, and resolves with what is sent back. Their size is in front. */
interface Exchange {
  saslAuthenticate(message: {
    readonly request: { encode(): Promise<Buffer> }
    readonly response: { decode(bytes: Buffer): Promise<Buffer>; parse(bytes: Buffer): Promise<Buffer> }
  }): Promise<Buffer>
}

/** As kafkajs takes it. It writes into what it is given. */
export function saslOf(sasl: SaslOptions): object {
  if (sasl.mechanism !== 'oauthbearer') return { ...sasl }
  const { mechanism, oauthBearerProvider } = sasl
  return {
    mechanism,
    authenticationProvider: (exchange: Exchange) => ({
      authenticate: async () => presentToken(exchange, await oauthBearerProvider()),
    }),
  }
}

/** RFC 7628. What comes back says why the token is not believed; kafkajs's own one takes it for a yes. */
async function presentToken({ saslAuthenticate }: Exchange, { value, extensions = {} }: OauthToken): Promise<void> {
  const fields = [`auth=Bearer ${value}`, ...Object.entries(extensions).map(([name, value]) => `${name}=${value}`)]
  const message = Buffer.from(`n,,\u0001${fields.map((field) => `${field}\u0001`).join('')}\u0001`)
  const sized = Buffer.alloc(4 + message.length)
  sized.writeInt32BE(message.length)
  message.copy(sized, 4)
  const answer = await saslAuthenticate({
    request: { encode: () => Promise.resolve(sized) },
    response: { decode: (bytes) => Promise.resolve(bytes), parse: (bytes) => Promise.resolve(bytes) },
  })
  const refusal = answer.subarray(4)
  if (refusal.length === 0) return
  throw new KafkaFailure('SASL_AUTHENTICATION_FAILED', `the token is refused: ${refusal.toString()}`, {
    retriable: false,
  })
}
