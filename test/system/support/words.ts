import { random } from '../../../examples/random.ts'

/** Lines of eight words, some words much more frequent than others. */
export function generateLines({ count, seed }: { count: number; seed: number }): string[] {
  const next = random(seed)
  const letter = (skew: number): number => 97 + Math.floor(26 * next() ** skew)
  const word = (): string => `word${String.fromCharCode(letter(3), letter(2))}`
  return Array.from({ length: count }, () => Array.from({ length: 8 }, word).join(' '))
}

/** What counting the words of these lines puts out, word by word. */
export function countsOf(lines: readonly string[]): string[] {
  const counts = new Map<string, number>()
  return lines.flatMap((line) =>
    line.split(' ').map((word) => {
      const count = (counts.get(word) ?? 0) + 1
      counts.set(word, count)
      return `${word} => ${count}`
    }),
  )
}

/** The outputs of each word as one text: in their order, whatever came in between. */
export function perWord(outputs: readonly string[]): Map<string, string> {
  const words = new Map<string, string[]>()
  for (const output of outputs) {
    const [word = '', count = ''] = output.split(' => ')
    const counts = words.get(word)
    if (counts === undefined) words.set(word, [count])
    else counts.push(count)
  }
  return new Map([...words].map(([word, counts]) => [word, counts.join(' ')]))
}
