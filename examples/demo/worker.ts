/** The process that does the work, and that is killed. It knows nothing of that: it tells how far it is, and comes to its end. */
import { run } from 'millrace'
import { dataOf, programIn } from './program.ts'

const [folder = '', input = ''] = process.argv.slice(2)
process.once('disconnect', () => process.exit(1)) // whoever wanted the work is gone
const running = await run(programIn(folder, input), { data: dataOf(folder), once: true })
const timer = setInterval(() => process.send!(running.stats().committed), 10)
await running.done
clearInterval(timer)
process.removeAllListeners('disconnect')
process.send!(running.stats().committed, () => process.disconnect())
