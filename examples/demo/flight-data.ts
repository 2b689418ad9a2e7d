import { createWriteStream } from 'node:fs'
import { once } from 'node:events'
import { finished } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { decompress } from 'fzstd'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import type { Flight } from './flights.ts'

/** Three million flights within the United States in 2001, in order of departure: they come with the package `vega-datasets`. */
const dataset = fileURLToPath(new URL('../data/flights-3m.parquet', import.meta.resolve('vega-datasets')))
const rowsAtOnce = 50_000

/** Writes the first `count` flights to a file, one JSON object a line. */
export async function writeFlights(path: string, count: number, onProgress: (written: number) => void): Promise<void> {
  const file = await asyncBufferFromFile(dataset)
  const compressors = { ZSTD: (bytes: Uint8Array, size: number) => decompress(bytes, new Uint8Array(size)) }
  const output = createWriteStream(path)
  for (let start = 0; start < count; start += rowsAtOnce) {
    const rows = await parquetReadObjects({
      file,
      compressors,
      rowStart: start,
      rowEnd: Math.min(start + rowsAtOnce, count),
    })
    const lines = rows.map((row) => `${JSON.stringify(flightOf(row))}\n`).join('')
    if (!output.write(lines)) await once(output, 'drain')
    onProgress(start + rows.length)
  }
  output.end()
  await finished(output)
}

function flightOf({ date, delay, origin, destination }: Record<string, unknown>): Flight {
  const at = (date as Date).toISOString().slice(0, 16)
  return { at, origin: String(origin), destination: String(destination), delay: Number(delay) }
}
