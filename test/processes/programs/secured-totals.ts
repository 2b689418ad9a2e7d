/** The totals of test/kafka/programs, whose topics are reached by TLS and a password: how, is in the environment. */
import { bind, type Program } from 'millrace'
import { kafka } from 'millrace/kafka'
import totalsPipeline, { events, totals } from '../../kafka/programs/totals.ts'

export interface Secured {
  readonly address: string
  readonly ca: string
  readonly username: string
  readonly password: string
  readonly from: string
  readonly to: string
}

const secured = JSON.parse(process.env['MILLRACE_TEST_SECURED'] ?? '') as Secured
const { address, ca, username, password, from, to } = secured
const way = { brokers: [address], ssl: { ca }, sasl: { mechanism: 'scram-sha-512', username, password } } as const

const program: Program = bind(totalsPipeline, [
  events.from(kafka({ topic: from, ...way })),
  totals.to(kafka({ topic: to, ...way })),
])
export default program
