import { existsSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { messageOf } from '../../../runtime/base/errors.ts'
import type { CompleteProgram } from '../../complete-bindings.ts'
import { hash } from '../../fingerprint.ts'
import { type OffloadDefinition, offloadOf, type StepPlace } from '../../offload.ts'
import { invalidOffload } from '../../offload/errors.ts'

/**
 * Finds out where threads get the offloaded steps of a program from: file, and name of the export. Both become part of the sources'
 * fingerprints. Throws MR_OFFLOAD_INVALID for a step that its file does not export.
 */
export async function placeOffloads(complete: CompleteProgram): Promise<CompleteProgram> {
  const { plan, offloads } = complete
  if (offloads.every((source) => source === undefined)) return complete
  const sources = []
  for (const [i, source] of plan.sources.entries()) {
    const places = []
    for (const step of offloads[i]?.steps ?? []) places.push((step.place ??= await placeOf(step)))
    const names = places.map(({ name }) => name)
    sources.push(
      names.length === 0 ? source : { ...source, fingerprint: hash([source.fingerprint, ...names].join('\n')) },
    )
  }
  return { ...complete, plan: { ...plan, sources } }
}

async function placeOf(step: OffloadDefinition): Promise<StepPlace> {
  const { moduleUrl: href } = step
  const path = fileURLToPath(href)
  let module: Record<string, unknown>
  try {
    module = (await import(href)) as typeof module
  } catch (cause) {
    throw invalidOffload(`${path} cannot be loaded: ${messageOf(cause)}`, 'Correct it, and run it again', cause)
  }
  const exportName = Object.keys(module).find((name) => offloadOf(module[name]) === step)
  if (exportName === undefined)
    throw invalidOffload(
      `an offloaded step of ${path} is not exported, so that no other thread can find it`,
      'Write export const step = offload(import.meta.url, ...) in the file whose import.meta.url it is',
    )
  return { href, exportName, name: `${exportName} of ${pathInProject(path)}` }
}

/** The path as it is wherever the project stands: from the folder of its package.json. */
function pathInProject(path: string): string {
  let folder = dirname(path)
  while (!existsSync(join(folder, 'package.json'))) {
    const up = dirname(folder)
    if (up === folder) return basename(path)
    folder = up
  }
  return relative(folder, path).replaceAll('\\', '/')
}
