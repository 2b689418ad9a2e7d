import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bind } from 'millrace'
import { file } from 'millrace/files'
import { describe, expect } from 'vitest'
import program, { celsius, fahrenheit } from '../../examples/celsius/celsius.ts'
import { frames, unframe } from '../../examples/frames.ts'
import { test } from '../support/folder.ts'
import { example, millrace, slow } from './support/millrace.ts'
import { runOnce } from './support/run-once.ts'
import { sharedData } from './support/shared-data.ts'

const framing = 'u32'

describe('celsius', () => {
  test('water freezes at 32 and boils at 212, in the order of the input', async ({ folder }) => {
    const degrees = [0, 100, -40, 37, ...Array.from({ length: 5_000 }, (_, i) => i / 8)]
    const input = join(folder, 'celsius.msg')
    const output = join(folder, 'fahrenheit.msg')
    await writeFile(input, frames(degrees.map(float)))
    await runOnce(
      bind(program, [celsius.from(file(input, { framing })), fahrenheit.to(file(output, { framing }))]),
      join(folder, 'data'),
    )
    const converted = floats(await readFile(output))
    expect(converted.slice(0, 4)).toEqual([32, 212, -40, expect.closeTo(98.6, 4)])
    expect(converted).toEqual(degrees.map((c) => expect.closeTo(c * 1.8 + 32, 3)))
  })

  test('the same from the command line', slow, async ({ folder }) => {
    const input = join(folder, 'celsius.msg')
    const output = join(folder, 'fahrenheit.msg')
    await writeFile(input, frames([100, 0].map(float)))
    const run = ['run', example('celsius/celsius.ts'), '--once', '--data', join(folder, 'data')]
    const ends = ['--in', `celsius=file:${input}?framing=u32`, '--out', `fahrenheit=file:${output}?framing=u32`]
    await millrace(...run, ...ends)
    expect(floats(await readFile(output))).toEqual([212, 32])
  })

  test('from Wallaroo: the bytes are the same', async ({ folder, skip }) => {
    const input = sharedData(skip, 'wallaroo/celsius/v0.5.4/pony_test.msg')
    const answer = sharedData(skip, 'wallaroo/celsius/v0.5.4/pony_expected.msg')
    const output = join(folder, 'fahrenheit.msg')
    await runOnce(
      bind(program, [celsius.from(file(input, { framing })), fahrenheit.to(file(output, { framing }))]),
      join(folder, 'data'),
    )
    expect((await readFile(output)).equals(await readFile(answer))).toBe(true)
  })
})

function float(degrees: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeFloatBE(degrees)
  return bytes
}

function floats(bytes: Uint8Array): number[] {
  return unframe(bytes).map((frame) => Buffer.from(frame).readFloatBE())
}
