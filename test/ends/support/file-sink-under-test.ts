import { Buffer } from 'node:buffer'
import { readFile } from 'node:fs/promises'
import { type FileSinkOptions, openFileSink } from '../../../runtime/node/files/file-sink.ts'
import type { Framing } from '../../../runtime/node/files/framing.ts'
import type { SinkUnderTest } from '../../../runtime/ports/contracts/sink.ts'
import { tempFolder } from './temp-folder.ts'

export async function fileSinkUnderTest(
  options: Pick<FileSinkOptions, 'framing' | 'durability'>,
): Promise<SinkUnderTest> {
  const folder = await tempFolder()
  const path = folder.path('out')
  return {
    writer: () => openFileSink({ sink: 'out', path, ...options }),
    content: async () => unframed(options.framing, await readFile(path)),
    kill: () => Promise.reject(new Error('a thread cannot be killed in the middle of a call')),
    dispose: () => folder[Symbol.asyncDispose](),
  }
}

/** The outputs in a file; what is half an output at its end is one, too. */
export function unframed(framing: Framing, content: Uint8Array): Uint8Array[] {
  const outputs: Uint8Array[] = []
  const buffer = Buffer.from(content)
  const prefix = framing === 'u32' ? 4 : 2
  for (let at = 0; at < buffer.length; ) {
    if (framing === 'lines') {
      const found = buffer.indexOf(10, at)
      const end = found < 0 ? buffer.length : found
      outputs.push(Uint8Array.from(buffer.subarray(at, end)))
      at = end + 1
    } else {
      const size = at + prefix <= buffer.length ? buffer.readUIntBE(at, prefix) : 0
      outputs.push(Uint8Array.from(buffer.subarray(at + prefix, at + prefix + size)))
      at += prefix + size
    }
  }
  return outputs
}
