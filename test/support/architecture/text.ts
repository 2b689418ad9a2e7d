import { lineOf, type SourceTree } from './source-tree.ts'

export const MAX_LINES = 400

interface Ban {
  pattern: RegExp
  message: (found: string) => string
}

// The words are put together here, so that this file does not contain what it bans.
const REMINDERS = ['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX'].join('|')

const BANS: readonly Ban[] = [
  {
    pattern: /\b(?:it|test|describe|suite|bench)(?:\.\w+)*\.(?:skip|only|todo|fails)\b/g,
    message: (found) =>
      `${found} is banned: let the test run, delete it, or skip it at run time with a reason (context.skip).`,
  },
  {
    pattern: /\bexpect\((?:true|false)\)/g,
    message: (found) => `${found} asserts nothing: expect the value that the code under test made.`,
  },
  {
    pattern: new RegExp(`\\b(?:${REMINDERS})\\b`, 'g'),
    message: (found) => `${found} is a stray reminder: do it, or open an issue.`,
  },
  {
    pattern: /(?<![\w.)\]}])\/(?:work|root)\//g,
    message: (found) => `${found} is a path of one machine: derive it from import.meta.url, or take it as a setting.`,
  },
]

export function noBannedText(tree: SourceTree): string[] {
  return [...tree].flatMap(([path, text]) =>
    BANS.flatMap(({ pattern, message }) =>
      [...text.matchAll(pattern)].map((match) => `${path}:${lineOf(text, match.index)} ${message(match[0])}`),
    ),
  )
}

export function filesAreShort(tree: SourceTree): string[] {
  return [...tree]
    .filter(([path]) => path.endsWith('.ts'))
    .map(([path, text]) => ({ path, lines: text.replace(/\n$/, '').split('\n').length }))
    .filter(({ lines }) => lines > MAX_LINES)
    .map(({ path, lines }) => `${path} has ${lines} lines, more than ${MAX_LINES}: split it by idea, one file each.`)
}
