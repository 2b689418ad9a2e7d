/** `npm run kafka [-- PORT]`: a broker on loopback until Ctrl-C. Its data goes with it. */
import { Broker } from './broker.ts'

const port = Number(process.argv[2] ?? 9092)
const started = performance.now()
const broker = await Broker.start({ port, quick: false, say: (text) => console.log(text) })
console.log(`${broker.address} answers after ${((performance.now() - started) / 1_000).toFixed(1)} s; Ctrl-C ends it`)

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void broker[Symbol.asyncDispose]().then(() => process.exit()))
