import { readFileSync } from 'node:fs'

/** Processor time of this machine so far, in ticks of the kernel. */
interface Ticks {
  readonly all: number
  /** While a processor had something to do and the host of the machine gave it to others (proc_stat(5), `steal`). */
  readonly stolen: number
}

const stolenField = 7

/** To be called before what is measured. Returns a function for after it: the part of all processor time that the host took; undefined: it is not known here. */
export function watchStolen(): () => number | undefined {
  const before = ticksNow()
  return () => {
    const after = ticksNow()
    if (before === undefined || after === undefined || after.all === before.all) return undefined
    return (after.stolen - before.stolen) / (after.all - before.all)
  }
}

function ticksNow(): Ticks | undefined {
  let text: string
  try {
    text = readFileSync('/proc/stat', 'latin1')
  } catch {
    return undefined // not Linux
  }
  const fields = text.split('\n', 1)[0]!.trim().split(/\s+/).slice(1, 9).map(Number)
  return { all: fields.reduce((a, b) => a + b, 0), stolen: fields[stolenField] ?? 0 }
}
