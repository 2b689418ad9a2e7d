import { Buffer } from 'node:buffer'
import { randomBytes } from 'node:crypto'
import { dirname } from 'node:path'
import { crc32 } from 'node:zlib'
import { MillraceError } from '../../base/errors.ts'
import { laneWentBack, sinkFenced } from '../../ports/sink-refusals.ts'
import type { LanePosition } from '../../ports/sink.ts'
import type { Framing } from './framing.ts'
import type { FileStatus, SinkDisk, SinkFile } from './sink-disk.ts'
import { sinkDiverged, sinkFailed } from './sink-errors.ts'
import {
  headerBytes,
  isOtherVersion,
  readOwner,
  readSlot,
  type SinkRecord,
  SinkRecordImage,
  slotBytes,
} from './sink-record.ts'

export interface SinkFilesOptions {
  readonly path: string
  readonly framing: Framing
  readonly durability: 'disk' | 'process'
  readonly disk: SinkDisk
}

/** How much of the content's end is verified at open, about. */
const checkedBytes = 1 << 20

/**
 * The output file and its record `<path>.millrace`. One commit is: content behind the recorded length, then the record that
 * counts it in. With durability `disk` each is on the disk before the next thing happens. So at any moment the file is the
 * recorded content plus a tail that nobody was told of, and opening cuts the tail.
 *
 * What is not as it was left is never touched: a file without a record, one that is shorter than recorded, or one whose last
 * part is different. Before each commit it is seen that nobody else opened, changed, moved or removed the file; between that
 * look and the write somebody still can.
 */
export class SinkFiles {
  readonly #options: SinkFilesOptions
  readonly #content: SinkFile
  readonly #record: SinkFile
  readonly #image = new SinkRecordImage()
  readonly #nonce: number = randomBytes(4).readUInt32BE()
  readonly #headers: readonly [Buffer, Buffer] = [Buffer.alloc(headerBytes), Buffer.alloc(headerBytes)]
  #identity = ''
  #sequence: number
  #length: number
  #checkedFrom: number
  #check: number

  private constructor(options: SinkFilesOptions, content: SinkFile, record: SinkFile, last: SinkRecord | undefined) {
    this.#options = options
    this.#content = content
    this.#record = record
    this.#sequence = last?.sequence ?? 0
    this.#length = last?.length ?? 0
    this.#checkedFrom = last?.checkedFrom ?? 0
    this.#check = last?.check ?? 0
    for (const position of last?.positions ?? []) this.#image.setPosition(position)
  }

  /** Opens both files, undoes what was half written, and fences whoever had them open before. */
  static async open(options: SinkFilesOptions): Promise<{ files: SinkFiles; positions: readonly LanePosition[] }> {
    const { path, disk } = options
    const opened: SinkFile[] = []
    try {
      const status = await disk.status(path)
      if (status?.regular === false) throw new Error('it is not a regular file')
      if ((await disk.status(recordPath(path))) === undefined) refuseForeign(path, status)
      const record = await disk.open(recordPath(path))
      opened.push(record)
      const last = await readRecord(path, record)
      refuseChanged(options, status, last)
      const content = await disk.open(path)
      opened.push(content)
      const files = new SinkFiles(options, content, record, last)
      await files.#recover(status?.size ?? 0)
      return { files, positions: last?.positions ?? [] }
    } catch (error) {
      for (const file of opened) await file.close().catch(() => undefined)
      throw sinkFailed(path, 'opening', error, true)
    }
  }

  /** Ends with a record, also of a new file: so content without a record is never ours. */
  async #recover(size: number): Promise<void> {
    const { path, disk, durability } = this.#options
    await this.#verify()
    if (size > this.#length) await this.#content.truncate(this.#length)
    if (durability === 'disk') {
      // Whoever was here before may have had other ideas of durability.
      await this.#content.sync()
      await disk.syncDirectory(dirname(path))
    }
    await this.#writeRecord()
    this.#identity = (await disk.status(path))?.identity ?? ''
  }

  async #verify(): Promise<void> {
    const part = Buffer.alloc(this.#length - this.#checkedFrom)
    const there = await this.#content.read(part, this.#checkedFrom)
    if (there === part.length && crc32(part) === this.#check) return
    const where = `between byte ${this.#checkedFrom} and ${this.#length}`
    throw sinkDiverged(`${this.#options.path} does not contain ${where} what was written there`)
  }

  /** Adds content and moves positions, both or neither. The caller waits for one before the next. */
  async commit(bytes: Buffer, positions: readonly LanePosition[]): Promise<void> {
    const { path, durability } = this.#options
    try {
      await this.#look()
    } catch (error) {
      throw sinkFailed(path, 'looking at', error, true)
    }
    for (const { shard, number } of positions) {
      const known = this.#image.numberOf(shard)
      if (number < known) throw laneWentBack(path, shard, number, known)
    }
    if (bytes.length > 0) {
      try {
        await this.#content.write(bytes, this.#length)
        if (durability === 'disk') await this.#content.sync()
      } catch (error) {
        // Gives the room back. If that fails too, the next open does it.
        await this.#content.truncate(this.#length).catch(() => undefined)
        throw sinkFailed(path, 'writing to', error, true)
      }
      this.#count(bytes)
    }
    for (const position of positions) this.#image.setPosition(position)
    try {
      await this.#writeRecord()
    } catch (error) {
      throw sinkFailed(path, 'writing the record of', error, false)
    }
  }

  async close(): Promise<void> {
    await this.#content.close()
    await this.#record.close()
  }

  #count(bytes: Buffer): void {
    if (this.#length - this.#checkedFrom > checkedBytes) {
      this.#checkedFrom = this.#length
      this.#check = 0
    }
    this.#check = crc32(bytes, this.#check)
    this.#length += bytes.length
  }

  async #writeRecord(): Promise<void> {
    this.#sequence += 1
    this.#image.seal({
      framing: this.#options.framing,
      sequence: this.#sequence,
      length: this.#length,
      checkedFrom: this.#checkedFrom,
      check: this.#check,
      nonce: this.#nonce,
    })
    await this.#record.write(this.#image.bytes.subarray(0, this.#image.size), slotOf(this.#sequence))
    if (this.#options.durability === 'disk') await this.#record.sync()
  }

  /** That the files are as this sink left them. */
  async #look(): Promise<void> {
    const { path, disk } = this.#options
    const [even, odd] = this.#headers
    even.fill(0)
    odd.fill(0)
    const [status] = await Promise.all([
      disk.status(path),
      this.#record.read(even, slotOf(0)),
      this.#record.read(odd, slotOf(1)),
    ])
    const own = readOwner(this.#sequence % 2 === 0 ? even : odd)
    const other = readOwner(this.#sequence % 2 === 0 ? odd : even)
    if (own?.sequence !== this.#sequence || own.nonce !== this.#nonce || (other?.sequence ?? 0) > this.#sequence) {
      throw sinkFenced(path)
    }
    if (status?.identity !== this.#identity) {
      throw sinkDiverged(
        `${path} was moved, removed or replaced while it was written to (log rotation?)`,
        'Put it back under this name and start again. To begin a new file, start with a new data folder, or give this end another path and name',
      )
    }
    if (status.size !== this.#length) {
      throw sinkDiverged(`${path} should have ${this.#length} bytes and has ${status.size}: somebody else writes to it`)
    }
  }
}

function recordPath(path: string): string {
  return `${path}.millrace`
}

function slotOf(sequence: number): number {
  return sequence % 2 === 0 ? 0 : slotBytes
}

async function readRecord(path: string, file: SinkFile): Promise<SinkRecord | undefined> {
  let newest: SinkRecord | undefined
  for (const sequence of [0, 1]) {
    const slot = Buffer.alloc(slotBytes)
    await file.read(slot, slotOf(sequence))
    if (isOtherVersion(slot)) {
      throw new MillraceError(
        'MR_DATA_FORMAT_UNKNOWN',
        `${recordPath(path)} was written by another version of Millrace`,
        {
          next: 'Run the version that wrote it, or a newer one that can read it',
        },
      )
    }
    const record = readSlot(slot)
    if (record !== undefined && record.sequence > (newest?.sequence ?? -1)) newest = record
  }
  return newest
}

function refuseForeign(path: string, status: FileStatus | undefined): void {
  if (status === undefined || status.size === 0) return
  throw sinkDiverged(
    `${path} exists, has ${status.size} bytes, and no record beside it (${recordPath(path)}) says that Millrace wrote them`,
    'Move the file away, or give this end another path: Millrace never writes over what it does not know',
  )
}

function refuseChanged(options: SinkFilesOptions, status: FileStatus | undefined, last: SinkRecord | undefined): void {
  const { path, framing } = options
  const size = status?.size ?? 0
  if (last === undefined) {
    if (size > 0)
      throw sinkDiverged(`the record of ${path} (${recordPath(path)}) cannot be read, and the file has ${size} bytes`)
    return
  }
  if (last.framing !== framing) {
    const next = 'Use the framing it was written with, or give this end another path'
    throw sinkDiverged(`${path} was written with framing ${last.framing}, not ${framing}`, next)
  }
  if (status === undefined && last.length > 0)
    throw sinkDiverged(`${path} is gone; ${last.length} bytes were written to it`)
  if (size < last.length) throw sinkDiverged(`${path} has ${size} bytes, and ${last.length} were written to it`)
}
