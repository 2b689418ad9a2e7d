import { watch } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { MillraceError } from '../../base/errors.ts'
import { ByteWindow, type FileProof, windowBytes } from './byte-window.ts'
import { fileEnded, fileNotReadable, fileReplaced, fileShrank } from './source-errors.ts'

/** Bytes `bytes[start, end)` of a file. What is before `start` is headroom: the buffer's owner may write there. */
export interface Chunk {
  readonly bytes: Uint8Array
  readonly start: number
  readonly end: number
}

export interface FileReading {
  readonly path: string
  readonly position: number
  /** What the position remembers; '' trusts the file. */
  readonly proof: string
  readonly follow: boolean
  readonly chunkBytes: number
  readonly aheadChunks: number
  readonly pollMs: number
  readonly wake: () => void
}

/** Room for a record that began in the chunk before: most are shorter, longer ones are copied once more. */
const headroomBytes = 16 << 10

/**
 * Reads a file from one position to its end, a few chunks ahead, and then follows it if asked to. One reader serves one
 * seek: it opens the file, compares it with the proof, and stops for ever at the first thing that is wrong.
 *
 * There is one loop, and it waits in four places: for the platform (open, stat, read), for room ahead, for a change of the
 * file, and for nothing else. `stop` ends each of these waits.
 *
 * While it follows, it looks at the name again whenever it is at the end, so that it notices a log that was rotated; and it
 * reads the last bytes again together with what came after them, so that it notices one that was cut and refilled.
 */
export class FileReader {
  /** Everything that exists was put into chunks. May become false again while the file is followed. */
  atEnd = false
  failed: MillraceError | undefined
  readonly #reading: FileReading
  readonly #proof: FileProof
  readonly #chunks: Chunk[] = []
  readonly #last = new ByteWindow()
  readonly #done: Promise<void>
  #stopped = false
  /** Ends the wait of the loop, if it waits for room or for a change. */
  #resume: (() => void) | undefined
  #changed = false
  #identity = ''
  /** When it was last looked at. */
  #size = 0

  /** `proof` is filled in before the first chunk is there. */
  constructor(reading: FileReading, proof: FileProof) {
    this.#reading = reading
    this.#proof = proof
    this.#done = this.#run()
  }

  get empty(): boolean {
    return this.#chunks.length === 0
  }

  take(): Chunk | undefined {
    const chunk = this.#chunks.shift()
    if (chunk !== undefined) this.#resume?.()
    return chunk
  }

  /** No `wake` after this. The file is closed when the promise is kept. */
  stop(): Promise<void> {
    this.#stopped = true
    this.#resume?.()
    return this.#done
  }

  async #run(): Promise<void> {
    let file: FileHandle | undefined
    try {
      const { path } = this.#reading
      // Before it is opened: opening a pipe would wait for its writer.
      if (!(await stat(path)).isFile()) throw new Error('it is not a regular file')
      file = await open(path, 'r')
      if (!this.#stopped) await this.#read(file)
    } catch (error) {
      this.#fail(error instanceof MillraceError ? error : fileNotReadable(this.#reading.path, error))
    } finally {
      // Nothing was written through it: a failed close loses nothing, and there is nobody to tell.
      await file?.close().catch(() => undefined)
    }
  }

  async #read(file: FileHandle): Promise<void> {
    const { path, position, follow, aheadChunks, pollMs } = this.#reading
    await this.#begin(file)
    let at = position
    const onChange = (): void => {
      this.#changed = true
      if (this.atEnd) this.#resume?.()
    }
    const stopWatching = follow ? watchFile(path, pollMs, onChange) : undefined
    try {
      while (!this.#stopped) {
        if (this.#chunks.length >= aheadChunks) await this.#pause()
        else if (at < this.#size) at = await this.#readChunk(file, at)
        else {
          this.#changed = false
          await this.#look(file, at)
          if (this.#size > at || this.#stopped) continue
          if (!this.atEnd) {
            this.atEnd = true
            this.#reading.wake()
          }
          if (!follow) return
          if (!this.#changed) await this.#pause()
        }
      }
    } finally {
      stopWatching?.()
    }
  }

  /** Compares the file with what the position remembers. */
  async #begin(file: FileHandle): Promise<void> {
    const { path, position, proof } = this.#reading
    const status = await file.stat({ bigint: true })
    this.#identity = `${status.dev}:${status.ino}`
    const size = Number(status.size)
    if (size < position) throw fileShrank(path, position, size)
    const held = Math.min(windowBytes, position)
    const head = await readExactly(file, 0, held)
    const tail = await readExactly(file, position - held, held)
    if (head === undefined || tail === undefined) throw fileShrank(path, position, held)
    this.#proof.seed(head, tail)
    this.#last.push(tail, 0, held)
    if (proof !== '' && this.#proof.write(false) !== proof.replace('.open', '')) throw fileReplaced(path, position)
    this.#size = size
  }

  /** Answers with the position after what was read. */
  async #readChunk(file: FileHandle, at: number): Promise<number> {
    const { path, chunkBytes, wake } = this.#reading
    // After a pause at the end: once more what was read last.
    const overlap = this.atEnd ? this.#last.length : 0
    const want = overlap + Math.min(chunkBytes, this.#size - at)
    const headroom = Math.min(headroomBytes, want)
    const bytes = unfilled(headroom + want)
    const { bytesRead } = await file.read(bytes, headroom, want, at - overlap)
    if (this.#stopped) return at
    if (bytesRead <= overlap) {
      // It was cut while we read.
      this.#size = (await file.stat()).size
      if (this.#size < at) throw fileShrank(path, at, this.#size)
      if (this.#size > at) throw new Error('it has bytes that cannot be read')
      return at
    }
    if (overlap > 0 && !this.#last.matches(bytes, headroom)) throw fileReplaced(path, at)
    const start = headroom + overlap
    const end = headroom + bytesRead
    this.atEnd = false
    this.#last.push(bytes, start, end)
    this.#chunks.push({ bytes, start, end })
    wake()
    return at + end - start
  }

  /** Looks whether it has grown, was cut, or (while it is followed) no longer has its name. */
  async #look(file: FileHandle, at: number): Promise<void> {
    const { path, follow } = this.#reading
    this.#size = (await file.stat()).size
    if (this.#size < at) throw fileShrank(path, at, this.#size)
    if (this.#size > at || !follow) return
    const named = await stat(path, { bigint: true }).catch(() => undefined)
    if (named !== undefined && `${named.dev}:${named.ino}` === this.#identity) return
    // What was written just before it was moved away is still read.
    this.#size = (await file.stat()).size
    if (this.#size <= at) throw fileEnded(path, at)
  }

  #pause(): Promise<void> {
    if (this.#stopped) return Promise.resolve() // by the wake just before
    return new Promise((resolve) => {
      this.#resume = () => {
        this.#resume = undefined
        resolve()
      }
    })
  }

  #fail(error: MillraceError): void {
    if (this.#stopped) return
    this.failed = error
    this.#reading.wake()
  }
}

/** Calls `onChange` when the file may have changed: by notification where there is one, and every `pollMs` in any case. */
function watchFile(path: string, pollMs: number, onChange: () => void): () => void {
  const timer = setInterval(onChange, pollMs)
  timer.unref()
  try {
    const watcher = watch(path, { persistent: false }, onChange)
    watcher.on('error', () => watcher.close())
    return () => {
      clearInterval(timer)
      watcher.close()
    }
  } catch {
    // No notifications on this file system, or none left to have: the timer is enough.
    return () => clearInterval(timer)
  }
}

async function readExactly(file: FileHandle, at: number, size: number): Promise<Uint8Array | undefined> {
  const bytes = new Uint8Array(size)
  for (let filled = 0; filled < size; ) {
    const { bytesRead } = await file.read(bytes, filled, size - filled, at + filled)
    if (bytesRead === 0) return undefined
    filled += bytesRead
  }
  return bytes
}

/** Memory that is not filled with zeros first, as a plain array, so that all buffers of records have one shape. */
function unfilled(size: number): Uint8Array {
  return new Uint8Array(Buffer.allocUnsafeSlow(size).buffer)
}
