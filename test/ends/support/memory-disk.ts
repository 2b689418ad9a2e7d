import type { Prng } from '../../../runtime/base/prng.ts'
import type { FileStatus, SinkDisk, SinkFile } from '../../../runtime/node/files/sink-disk.ts'

type Change = (bytes: Uint8Array) => Uint8Array

interface Stored {
  readonly identity: string
  /** What processes see, and what is on the platter. */
  seen: Uint8Array
  platter: Uint8Array
  /** Changes that are not on the platter yet. */
  cached: Change[]
  /** Whether its name would survive a power cut. */
  named: boolean
}

/**
 * A disk whose process can be stopped at any byte, whose power can fail, and that can be full. A call after the stop is never
 * answered, as nobody is there to be answered.
 */
export class MemoryDisk implements SinkDisk {
  readonly #files = new Map<string, Stored>()
  #identities = 0
  #process = 0
  /** Bytes that may still be written before the process is stopped; a call costs one byte, too. */
  budget: number = Number.POSITIVE_INFINITY
  /** Bytes that all files together may have. */
  capacity: number = Number.POSITIVE_INFINITY
  /** What was asked for, in order. */
  readonly calls: string[] = []

  /** `kill -9`, or the end of a process that was stopped. */
  kill(): void {
    this.#process += 1
    this.budget = Number.POSITIVE_INFINITY
  }

  /** Of what was not synced, any part may have been written. */
  losePower(prng: Prng): void {
    this.kill()
    for (const [path, file] of this.#files) {
      for (const change of file.cached) if (prng.chance(0.5)) file.platter = change(file.platter)
      file.cached = []
      file.seen = file.platter
      if (!file.named && prng.chance(0.5)) this.#files.delete(path)
    }
  }

  content(path: string): Uint8Array {
    return this.#files.get(path)?.seen ?? new Uint8Array()
  }

  get used(): number {
    return [...this.#files.values()].reduce((sum, file) => sum + file.seen.length, 0)
  }

  async status(path: string): Promise<FileStatus | undefined> {
    await this.#call(`status ${path}`, this.#process)
    const file = this.#files.get(path)
    return file && { size: file.seen.length, regular: true, identity: file.identity }
  }

  async open(path: string): Promise<SinkFile> {
    const process = this.#process
    await this.#call(`open ${path}`, process)
    const file = this.#find(path)
    const change = (what: Change): void => {
      file.seen = what(file.seen)
      file.cached.push(what)
    }
    return {
      read: async (bytes, at) => {
        await this.#call(`read ${path}`, process)
        const found = file.seen.subarray(at, at + bytes.length)
        bytes.set(found)
        return found.length
      },
      write: async (bytes, at) => {
        await this.#call(`write ${path}`, process)
        const own = Uint8Array.from(bytes)
        const grows = Math.max(0, at + own.length - file.seen.length)
        const room = this.capacity - this.used
        const written = Math.min(own.length, this.budget, grows > room ? room : own.length)
        this.budget -= written
        change((old) => overwrite(old, at, own.subarray(0, written)))
        if (this.budget <= 0) await never()
        if (written < own.length) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
      },
      truncate: async (size) => {
        await this.#call(`truncate ${path}`, process)
        change((old) => resized(old, size))
      },
      sync: async () => {
        await this.#call(`sync ${path}`, process)
        file.platter = file.seen
        file.cached = []
      },
      close: () => this.#call(`close ${path}`, process),
    }
  }

  async syncDirectory(): Promise<void> {
    await this.#call('sync directory', this.#process)
    for (const file of this.#files.values()) file.named = true
  }

  #find(path: string): Stored {
    let file = this.#files.get(path)
    if (file === undefined) {
      file = {
        identity: `file ${++this.#identities}`,
        seen: new Uint8Array(),
        platter: new Uint8Array(),
        cached: [],
        named: false,
      }
      this.#files.set(path, file)
    }
    return file
  }

  async #call(what: string, process: number): Promise<void> {
    await Promise.resolve()
    if (process !== this.#process || this.budget <= 0) await never()
    this.budget -= 1
    this.calls.push(what)
  }
}

/** Contents are never changed in place: a version of them can be kept by keeping it. */
function overwrite(old: Uint8Array, at: number, bytes: Uint8Array): Uint8Array {
  const result = resized(old, Math.max(old.length, at + bytes.length))
  result.set(bytes, at)
  return result
}

function resized(old: Uint8Array, size: number): Uint8Array {
  const result = new Uint8Array(size)
  result.set(old.subarray(0, size))
  return result
}

function never(): Promise<never> {
  return new Promise(() => {})
}
