/**
 * Word count over generated text: 25,000 words, the n-th of them 1/n as frequent as the first, and 1,000,000 words that are all
 * equally frequent. One output per word.
 */
import wordCount from '../../examples/word-count/word-count.ts'
import { random } from '../../examples/random.ts'
import { compare, scale, timed } from '../support/measure.ts'
import { linesOf, memorySource, type Recorded } from '../support/memory-source.ts'
import { runWorker, withFolder } from '../support/run-worker.ts'

const wordsPerLine = 10
const lines = Math.round(150_000 * scale)

const frequentFirst = text(25_000, 50_000, (next) => Math.floor(25_000 ** next()) - 1)
const allAlike = text(1_000_000, lines, (next) => Math.floor(1_000_000 * next()))

function text(size: number, lineCount: number, choose: (next: () => number) => number): Recorded {
  const next = random(7)
  const vocabulary = Array.from({ length: size }, (_, i) => word(i))
  const line = (): string => Array.from({ length: wordsPerLine }, () => vocabulary[choose(next)] ?? 'the').join(' ')
  return linesOf(Array.from({ length: lineCount }, line).join('\n'))
}

function word(index: number): string {
  let name = ''
  for (let left = index + 27; left > 0; left = Math.floor(left / 26)) name += String.fromCharCode(97 + (left % 26))
  return name
}

/** The bare loop: what the job's own functions do, and every output as bytes. No durability, nothing that could be killed. */
function floor({ buffer, starts, ends }: Recorded): number {
  const counts = new Map<string, { count: number }>()
  const decoder = new TextDecoder()
  const encoder = new TextEncoder()
  const outputs = new Uint8Array(1 << 20)
  let end = 0
  return timed(() => {
    for (let i = 0, at = 0; i < lines; i++, at = at + 1 === starts.length ? 0 : at + 1) {
      for (const one of decoder
        .decode(buffer.subarray(starts[at]!, ends[at]!))
        .toLowerCase()
        .match(/[a-z']+/g) ?? []) {
        let seen = counts.get(one)
        if (seen === undefined) counts.set(one, (seen = { count: 0 }))
        seen.count += 1
        const output = `${one} => ${seen.count}`
        if (end + 3 * output.length > outputs.length) end = 0
        end += encoder.encodeInto(output, outputs.subarray(end)).written
      }
    }
  })
}

for (const [size, recorded] of [
  ['25 k', frequentFirst],
  ['1 M', allAlike],
] as const) {
  for (const durability of ['process', 'disk'] as const) {
    await compare(
      `word count, ${size} words, memory, ${durability}`,
      lines * wordsPerLine,
      () =>
        withFolder(async (data) => {
          const { seconds } = await runWorker({
            pipeline: wordCount,
            durability,
            data,
            source: (name) => memorySource(name, recorded, lines),
          })
          return seconds
        }),
      () => floor(recorded),
    )
  }
}
