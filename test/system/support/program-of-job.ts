/** The program of the job that the address of this module names. */
import type { Program } from 'millrace'
import type { Job } from './job.ts'

const { searchParams } = new URL(import.meta.url)
const { program } = (await import(`../jobs/${searchParams.get('job')}.ts`)) as Job

const found: Program = program(searchParams.get('folder')!, searchParams.get('grows') === 'true')
export default found
