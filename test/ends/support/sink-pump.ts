/**
 * A process that writes outputs to a file as fast as it can, tells its parent what was confirmed, and kills itself the hard way
 * when its disk has been given so many pieces. Pieces are small, so that most lives end in the middle of a commit.
 */
import { openFileSink } from '../../../runtime/node/files/file-sink.ts'
import { realDisk, type SinkDisk } from '../../../runtime/node/files/sink-disk.ts'
import { openSink, SinkScript } from '../../../runtime/ports/contracts/sink-script.ts'

const [path, durability, pieces] = process.argv.slice(2) as [string, 'disk' | 'process', string]
const pieceBytes = 2_000
let left = Number(pieces)

const disk: SinkDisk = {
  ...realDisk,
  async open(name) {
    const file = await realDisk.open(name)
    return {
      read: (bytes, at) => file.read(bytes, at),
      write: async (bytes, at) => {
        for (let done = 0; done < bytes.length; done += pieceBytes) {
          if (left-- === 0) process.kill(process.pid, 'SIGKILL')
          await file.write(bytes.subarray(done, done + pieceBytes), at + done)
        }
      },
      truncate: (size) => file.truncate(size),
      sync: () => file.sync(),
      close: () => file.close(),
    }
  },
}

const sink = openFileSink({ sink: 'out', path, framing: 'u32', durability, disk })
const positions = await openSink(sink)
const script = new SinkScript(positions)
let confirmed = positions.reduce((sum, { number }) => sum + number, 0)

function pump(size: number): void {
  const batch = script.batch(Array.from({ length: size }, (_, i) => (i * i) % 11))
  sink.write(batch, (error) => {
    if (error !== undefined) throw error
    confirmed += batch.count
    process.send!(confirmed)
    pump(size)
  })
}
// Of several sizes, so that commits overlap in every way.
for (const size of [10, 60, 200]) pump(size)
