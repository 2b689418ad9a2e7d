import { constants } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'

/** What a file sink asks of a file system. A seam: tests put a disk here that is full, torn or loses its power. */
export interface SinkDisk {
  status(path: string): Promise<FileStatus | undefined>
  /** Opens for reading and writing; makes an empty file where there is none. */
  open(path: string): Promise<SinkFile>
  /** Makes it durable that files have names in this directory. */
  syncDirectory(path: string): Promise<void>
}

export interface FileStatus {
  readonly size: number
  readonly regular: boolean
  /** The same for as long as the name stands for the same file. */
  readonly identity: string
}

export interface SinkFile {
  /** Fills `bytes` from `at` on; answers with how many bytes there were. */
  read(bytes: Uint8Array, at: number): Promise<number>
  /** All of it, or an error. */
  write(bytes: Uint8Array, at: number): Promise<void>
  truncate(size: number): Promise<void>
  sync(): Promise<void>
  close(): Promise<void>
}

export const realDisk: SinkDisk = {
  async status(path) {
    const found = await stat(path, { bigint: true }).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
    if (found === undefined) return undefined
    return { size: Number(found.size), regular: found.isFile(), identity: `${found.dev}:${found.ino}` }
  },
  async open(path) {
    return new RealFile(await open(path, constants.O_RDWR | constants.O_CREAT, 0o666))
  },
  async syncDirectory(path) {
    // Windows has no such thing, and makes names durable by itself.
    if (process.platform === 'win32') return
    const directory = await open(path, 'r')
    try {
      await directory.sync()
    } finally {
      await directory.close()
    }
  },
}

class RealFile implements SinkFile {
  readonly #handle: FileHandle

  constructor(handle: FileHandle) {
    this.#handle = handle
  }

  async read(bytes: Uint8Array, at: number): Promise<number> {
    let filled = 0
    while (filled < bytes.length) {
      const { bytesRead } = await this.#handle.read(bytes, filled, bytes.length - filled, at + filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    return filled
  }

  async write(bytes: Uint8Array, at: number): Promise<void> {
    for (let written = 0; written < bytes.length; ) {
      const { bytesWritten } = await this.#handle.write(bytes, written, bytes.length - written, at + written)
      written += bytesWritten
    }
  }

  truncate(size: number): Promise<void> {
    return this.#handle.truncate(size)
  }

  /** Contents and length; not the time of the last change, which nobody needs after a crash. */
  sync(): Promise<void> {
    return this.#handle.datasync()
  }

  close(): Promise<void> {
    return this.#handle.close()
  }
}
