import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { decompress } from 'fzstd'
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet'
import type { Flight } from './flights.ts'

/** Three million flights within the United States in 2001, in order of departure: they come with the package `vega-datasets`. */
const dataset = fileURLToPath(new URL('../data/flights-3m.parquet', import.meta.resolve('vega-datasets')))
const columns = ['date', 'delay', 'origin', 'destination']

/** Writes the first `count` flights to a file, one JSON object a line. */
export async function writeFlights(path: string, count: number, onProgress: (written: number) => void): Promise<void> {
  const file = await asyncBufferFromFile(dataset)
  const metadata = await parquetMetadataAsync(file)
  const compressors = { ZSTD: (bytes: Uint8Array, size: number) => decompress(bytes, new Uint8Array(size)) }
  const output = createWriteStream(path)
  let rowStart = 0
  for (const group of metadata.row_groups) {
    const rowEnd = Math.min(rowStart + Number(group.num_rows), count)
    if (rowStart >= rowEnd) break
    const rows = await parquetReadObjects({ file, metadata, compressors, columns, rowStart, rowEnd })
    const lines = rows.map((row) => `${JSON.stringify(flightOf(row))}\n`).join('')
    if (!output.write(lines)) await once(output, 'drain')
    onProgress((rowStart = rowEnd))
  }
  output.end()
  await finished(output)
}

function flightOf({ date, delay, origin, destination }: Record<string, unknown>): Flight {
  const at = (date as Date).toISOString().slice(0, 16)
  return { at, origin: String(origin), destination: String(destination), delay: Number(delay) }
}
