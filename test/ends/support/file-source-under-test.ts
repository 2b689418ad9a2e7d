import { appendFile, readFile, rename, truncate, writeFile } from 'node:fs/promises'
import { type FileSourceOptions, openFileSource } from '../../../runtime/node/files/file-source.ts'
import type { Framing } from '../../../runtime/node/files/framing.ts'
import type { SourceUnderTest } from '../../../runtime/ports/contracts/source.ts'
import { framed } from './framed.ts'
import { tempFolder } from './temp-folder.ts'

/** A file that its writer appends to, in small chunks for its readers. */
export async function fileSourceUnderTest(
  framing: Framing,
  options: Partial<FileSourceOptions> = {},
): Promise<SourceUnderTest> {
  const folder = await tempFolder()
  const path = folder.path('records')
  await writeFile(path, '')
  const ends: number[] = []
  const encode = (records: readonly Uint8Array[]): Uint8Array => {
    for (const record of records) ends.push((ends.at(-1) ?? 0) + framed(framing, [record]).length)
    return framed(framing, records)
  }
  return {
    open: (wake) =>
      openFileSource({ source: 'quotes', path, framing, follow: false, chunkBytes: 64, pollMs: 5, ...options, wake }),
    append: (records) => appendFile(path, encode(records)),
    replace: async (records) => {
      ends.length = 0
      await writeFile(`${path}.new`, encode(records))
      await rename(`${path}.new`, path)
    },
    shrink: (count) => truncate(path, ends[count - 1] ?? 0),
    breakFraming: async () => {
      await writeFile(path, Buffer.concat([await readFile(path), Buffer.from([0xff, 0xff, 0xff, 0xff, 1])]))
    },
    dispose: () => folder[Symbol.asyncDispose](),
  }
}
