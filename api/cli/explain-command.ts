import { boundEnds } from '../bind.ts'
import { bindFile, type GivenEnds } from './ends.ts'
import { explain } from './explain.ts'

/** `millrace explain` */
export async function explainCommand(file: string, given: GivenEnds): Promise<void> {
  const { pipeline, bindings } = await bindFile(file, given)
  for (const line of explain(boundEnds(pipeline, bindings))) console.log(line)
}
