/** What a thread of the offload pool does with a task. It loads the user's file when the first task names it. */
import { ByteWriter } from '../../../runtime/base/bytes.ts'
import { createCodec } from '../../../runtime/codec/codec.ts'
import { progressField, type Task, type TaskResult } from '../../../runtime/node/pool/task.ts'
import { toWire } from '../../../runtime/node/threads/error-wire.ts'
import { useLoader } from '../../cli/use-loader.ts'
import { notSendable } from '../../offload/errors.ts'
import { poolThreadData } from './pool-thread-data.ts'

type Step = (value: unknown) => unknown

const codec = createCodec()
const steps = new Map<string, Promise<Step>>()

export default async function work(task: Task): Promise<TaskResult> {
  const step = await stepOf(task)
  const { bytes, ends, progress, name } = task
  const resultEnds = new Uint32Array(ends.length)
  const errors: { value: number; error: ReturnType<typeof toWire> }[] = []
  const results = new ByteWriter(4_096)
  const startedMs = performance.now()
  for (let i = 0; i < ends.length; i++) {
    Atomics.store(progress, progressField, i + 1)
    try {
      const made = await step(codec.decode(bytes, ends[i - 1] ?? 0, ends[i]!))
      results.raw(encoded(made, name))
    } catch (error) {
      errors.push({ value: i, error: toWire(error) })
    }
    resultEnds[i] = results.length
  }
  Atomics.store(progress, progressField, ends.length + 1)
  return { bytes: results.copy(), ends: resultEnds, errors, tookMs: performance.now() - startedMs }
}

async function stepOf({ href, exportName }: Task): Promise<Step> {
  const id = `${href} ${exportName}`
  let step = steps.get(id)
  if (step === undefined) {
    step = load(href, exportName)
    steps.set(id, step)
  }
  return await step
}

async function load(href: string, exportName: string): Promise<Step> {
  if (poolThreadData()?.usesLoader === true) await useLoader()
  const module = (await import(href)) as Record<string, Step | undefined>
  const step = module[exportName]
  if (typeof step !== 'function') throw new TypeError(`${href} exports no ${exportName} in a thread of its own`)
  return step
}

function encoded(value: unknown, name: string): Uint8Array {
  try {
    return codec.encode(value)
  } catch (cause) {
    throw notSendable(`what ${name} returned`, cause)
  }
}
