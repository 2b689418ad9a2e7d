import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { murmur3 } from '../../base/hash.ts'

/**
 * A file of one line that says which batch is known to be durable. It is written after the batch, without fsync: what it
 * says is true whenever it survives, and it costs a microsecond. Without it nobody would notice when the *last* batches of
 * LevelDB's write-ahead log are dropped.
 *
 * With durability `process` a power cut may lose batches and yet keep this line: it binds only within one boot.
 */
export interface HighWater {
  readonly boot: string
  readonly durability: 'disk' | 'process'
  readonly batch: number
}

/** The file of a stream of batches (see BatchRow). */
export function highWaterFile(folder: string, stream: number): string {
  return join(folder, stream === 0 ? 'high-water' : `high-water.${stream}`)
}

/** The stream whose file has this name; undefined: it is another file. */
export function streamOf(name: string): number | undefined {
  const [, stream = '0'] = /^high-water(?:\.(\d+))?$/.exec(name) ?? [undefined, 'x']
  return stream === 'x' ? undefined : Number(stream)
}

/** Undefined when there is none, or none that can be read: then it proves nothing. */
export function readHighWater(file: string): HighWater | undefined {
  let line: string
  try {
    line = readFileSync(file, 'latin1')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const [name, boot, durability, batch] = line.split(' ')
  if (name !== 'millrace-high-water' || boot === undefined || batch === undefined) return undefined
  if (durability !== 'disk' && durability !== 'process') return undefined
  const found = { boot, durability, batch: Number(batch) } as const
  return line === format(found) ? found : undefined
}

/** Whether this boot, or what was promised, makes the line a proof. */
export function binds(found: HighWater, boot: string): boolean {
  return found.durability === 'disk' || (boot !== '' && found.boot === boot)
}

export class HighWaterFile {
  readonly #boot: string
  readonly #durability: 'disk' | 'process'
  readonly #descriptor: number

  constructor(file: string, boot: string, durability: 'disk' | 'process', batch: number) {
    this.#boot = boot === '' ? '-' : boot
    this.#durability = durability
    this.#descriptor = openSync(`${file}.new`, 'w')
    this.write(batch)
    fsyncSync(this.#descriptor)
    renameSync(`${file}.new`, file)
  }

  write(batch: number): void {
    writeSync(this.#descriptor, format({ boot: this.#boot, durability: this.#durability, batch }), 0, 'latin1')
  }

  close(): void {
    closeSync(this.#descriptor)
  }
}

/** Always of the same length, so that a line overwrites the one before. */
function format(content: HighWater): string {
  const text = `millrace-high-water ${content.boot} ${content.durability} ${String(content.batch).padStart(16, '0')} `
  const bytes = new TextEncoder().encode(text)
  return `${text}${murmur3(bytes, 0, bytes.length, 0).toString(16).padStart(8, '0')}\n`
}
