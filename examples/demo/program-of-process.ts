/** The program as a file that every thread can load by itself. The environment, which threads inherit, says where everything is. */
import type { Program } from 'millrace'
import { programIn } from './program.ts'

const { DEMO_FOLDER, DEMO_INPUT, DEMO_GROWS } = process.env

const program: Program = programIn(DEMO_FOLDER!, DEMO_INPUT!, DEMO_GROWS === 'true')
export default program
