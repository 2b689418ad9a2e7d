import { type FSWatcher, watch } from 'node:fs'
import { type FileHandle, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** Tables and write-ahead logs. Never `LOCK`: whoever closes any handle of it gives away the lock that the process has by another. */
const heldName = /^\d+\.(ldb|log)$/

/** The newest are held: most files that LevelDB deletes are young, and a process has only so many handles. */
const mostHeld = 128

/**
 * Keeps the files of a LevelDB open, so that they are deleted quickly. LevelDB (1.20) deletes files with its lock held, and all who write or read
 * wait: what a file has in the page cache is given back then, 1 ms a MB here. Of a file that somebody has open only the name goes,
 * and the rest when it is closed: here, in a thread of the pool, with nobody waiting (docs/decisions/0019-files-held-open.md).
 *
 * Where a folder cannot be watched nothing is held, and everything is as it was.
 */
export class HeldFiles {
  readonly #folder: string
  /** Oldest first. */
  readonly #handles = new Map<string, FileHandle>()
  #watcher: FSWatcher | undefined
  /** One file after the other, in the order of the news. */
  #work: Promise<void>

  constructor(folder: string) {
    this.#folder = folder
    this.#watcher = this.#watched()
    this.#work = this.#watcher === undefined ? Promise.resolve() : this.#lookAtNewest()
  }

  /** Holds nothing any more. */
  async close(): Promise<void> {
    this.#stopWatching()
    await this.#work
    for (const name of this.#handles.keys()) await this.#letGo(name)
  }

  #watched(): FSWatcher | undefined {
    if (process.platform === 'win32') return undefined // a file that is open cannot be deleted there
    try {
      const watcher = watch(this.#folder, { persistent: false })
      watcher.on('change', (event, name) => {
        if (event === 'rename' && typeof name === 'string') this.#later(() => this.#look(name))
      })
      // Deletions would not be heard of, and nothing that is held come free.
      watcher.on('error', () => void this.close())
      return watcher
    } catch {
      return undefined // no more of these for this user, or a file system that has none
    }
  }

  #stopWatching(): void {
    this.#watcher?.close()
    this.#watcher = undefined
  }

  #later(work: () => Promise<void>): void {
    this.#work = this.#work.then(work)
  }

  async #lookAtNewest(): Promise<void> {
    const names = (await readdir(this.#folder).catch(() => [])).filter((name) => heldName.test(name))
    names.sort((a, b) => Number.parseInt(a) - Number.parseInt(b))
    for (const name of names.slice(-mostHeld)) await this.#look(name)
  }

  /** A file has come or gone. */
  async #look(name: string): Promise<void> {
    if (this.#watcher === undefined || !heldName.test(name)) return
    if (!this.#handles.has(name)) await this.#hold(name)
    else if (await this.#isDeleted(name)) await this.#letGo(name)
  }

  async #hold(name: string): Promise<void> {
    const handle = await open(join(this.#folder, name)).catch(() => undefined)
    if (handle === undefined) return // it is gone already, or there are no more handles
    this.#handles.set(name, handle)
    if (this.#handles.size > mostHeld) await this.#letGo(this.#handles.keys().next().value!)
  }

  async #isDeleted(name: string): Promise<boolean> {
    return await this.#handles
      .get(name)!
      .stat()
      .then(
        ({ nlink }) => nlink === 0,
        () => true,
      )
  }

  async #letGo(name: string): Promise<void> {
    const handle = this.#handles.get(name)
    this.#handles.delete(name)
    await handle?.close().catch(() => {}) // it was only read from: nothing is lost
  }
}
