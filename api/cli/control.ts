import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { realpath, rm } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { MillraceError } from '../../runtime/base/errors.ts'
import { fromWire, toWire, type WireError } from '../../runtime/node/threads/error-wire.ts'
import type { LiveProgram } from '../run/live-program.ts'
import type { Scaled } from '../run/running.ts'

/** The name of a Unix socket must fit into the kernel's structure: 104 bytes where there are fewest. */
const maxSocketPathBytes = 100

/** What a command asks of a program that runs. */
interface Call {
  readonly scale: number
}

type Answer = { readonly scaled: Scaled } | { readonly error: WireError }

/**
 * Lets commands reach this program, by a socket that belongs to its data folder. To be called while the folder's lock is held: a
 * socket that is found there was left behind by a process that is dead. Whoever may enter the folder may ask.
 */
export async function listen(data: string, live: LiveProgram, told: (scaled: Scaled) => void): Promise<Server> {
  const address = await addressOf(data)
  if (process.platform !== 'win32') await rm(address, { force: true })
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => socket.destroy()) // whoever asked has gone
    void answer(socket, live, told)
  })
  server.listen(address)
  await once(server, 'listening')
  return server.unref()
}

/** Asks the program that runs on a data folder. Throws MR_NOT_RUNNING, and what the program answers with. */
export async function scale(data: string, workers: number): Promise<Scaled> {
  const socket = connect({ path: await addressOf(data), allowHalfOpen: true })
  try {
    await once(socket, 'connect')
  } catch (cause) {
    throw notRunning(data, cause)
  }
  const call: Call = { scale: workers }
  socket.end(JSON.stringify(call))
  const said = await received(socket).catch(() => '')
  if (said === '') throw diedMeanwhile(data)
  const answered = JSON.parse(said) as Answer
  if ('error' in answered) throw fromWire(answered.error)
  return answered.scaled
}

async function answer(socket: Socket, live: LiveProgram, told: (scaled: Scaled) => void): Promise<void> {
  let said: Answer
  try {
    const call = JSON.parse(await received(socket)) as Call
    const scaled = await live.scale(call.scale)
    told(scaled)
    said = { scaled }
  } catch (error) {
    said = { error: toWire(error) }
  }
  socket.end(JSON.stringify(said))
}

/** All that comes before the other side's end. (What reads a stream whole would destroy it, and nobody could answer.) */
async function received(socket: Socket): Promise<string> {
  let all = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => (all += chunk))
  await once(socket, 'end')
  return all
}

/** Both sides find it by the folder alone. */
async function addressOf(data: string): Promise<string> {
  const folder = await realpath(data).catch((cause: unknown) => {
    throw notRunning(data, cause)
  })
  const name = createHash('sha256').update(folder).digest('hex').slice(0, 16)
  if (process.platform === 'win32') return `\\\\.\\pipe\\millrace-${name}`
  const inside = join(folder, 'control')
  return Buffer.byteLength(inside) <= maxSocketPathBytes ? inside : `/tmp/millrace-${name}`
}

function notRunning(data: string, cause: unknown): MillraceError {
  return new MillraceError('MR_NOT_RUNNING', `no program that was started with \`millrace run\` runs on ${data}`, {
    next: 'Give the folder that it runs with: --data DIR',
    cause,
  })
}

function diedMeanwhile(data: string): MillraceError {
  return new MillraceError('MR_NOT_RUNNING', `the program on ${data} has ended before it answered`, {
    next: 'Start it again: it has the old number of workers or the new one, and nothing is lost',
    certain: false,
  })
}
