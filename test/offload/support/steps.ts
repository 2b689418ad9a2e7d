import { offload } from 'millrace'

export interface Item {
  readonly id: number
  /** What the step does with it, before it doubles `id`. */
  readonly does?: Deed
  readonly bulk?: string
}

export type Deed =
  | 'throws'
  | 'rejects'
  | 'returns a function'
  | 'loops'
  | 'never settles'
  | 'exits'
  | 'fills the memory'
  | 'fails until it is corrected'

export interface Doubled {
  readonly id: number
  readonly doubled: number
}

export const doubled = ({ id }: Item): Doubled => ({ id, doubled: 2 * id })

/** A step that comes to every end there is. */
async function work(item: Item): Promise<Doubled> {
  await deeds[item.does ?? 'none'](item)
  return item.does === 'returns a function' ? ((() => item) as never) : doubled(item)
}

export const double = offload(import.meta.url, work, { timeoutMs: 2_000 })
export const patientDouble = offload(import.meta.url, work)

const nothing = (): void => {}
const deeds: Record<Deed | 'none', (item: Item) => unknown> = {
  none: nothing,
  'returns a function': nothing,
  throws: ({ id }) => {
    throw new RangeError(`no ${id} today`)
  },
  rejects: ({ id }) => Promise.reject(new Error(`never ${id}`)),
  loops: () => {
    for (let i = 0; ; i++) Math.sqrt(i)
  },
  'never settles': () => new Promise(() => {}),
  exits: () => process.exit(3),
  'fills the memory': () => {
    const heap: number[][] = []
    for (;;) heap.push(new Array<number>(1_000_000).fill(heap.length))
  },
  'fails until it is corrected': () => {
    if (process.env['MILLRACE_TEST_CORRECTED'] === undefined) throw new Error('not yet')
  },
}

/** The smaller the number, the longer it takes: what was asked last is done first. */
export const slowFirst = offload(import.meta.url, async (item: Item): Promise<Doubled> => {
  const ms = 8 - (item.id % 8)
  await new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
  return doubled(item)
})

export const plusOne = offload(import.meta.url, (value: Doubled): Doubled => ({ ...value, doubled: value.doubled + 1 }))

/** About half a millisecond of honest work. */
export const grind = offload(import.meta.url, (item: Item): Doubled => {
  let x = item.id
  for (let i = 0; i < 20_000; i++) x = (Math.imul(x, 1_103_515_245) + 12_345) & 0x7fffffff
  return { id: item.id, doubled: x % 2 === 2 ? x : 2 * item.id }
})

let calls = 0
/** Not pure. */
export const counting = offload(import.meta.url, async (item: Item) => {
  calls += 1
  return await Promise.resolve({ id: item.id, calls })
})
