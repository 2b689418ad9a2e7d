/** A block of code in a page, by the word behind its fence. */
export interface Block {
  readonly language: string
  readonly text: string
}

export function blocksOf(page: string): Block[] {
  return [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language, text]) => ({
    language: language!,
    text: text!,
  }))
}

/**
 * Applies lines of a diff without line numbers: each run of `-` lines, which must be there once, becomes the run of `+` lines
 * behind it.
 */
export function applyDiff(text: string, diff: string): string {
  let changed = text
  for (const [, removed, added] of `${diff}\n`.matchAll(/((?:^-.*\n)+)((?:^\+.*\n)*)/gm)) {
    const before = removed!.replace(/^-/gm, '')
    if (changed.split(before).length !== 2) throw new Error(`the page changes what is not there once:\n${before}`)
    changed = changed.replace(before, () => added!.replace(/^\+/gm, ''))
  }
  return changed
}
