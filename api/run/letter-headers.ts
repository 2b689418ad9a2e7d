import type { DeadLetter } from '../dead-letters.ts'

const shown = ['code', 'error', 'where', 'source', 'partition', 'position', 'entity', 'key'] as const
/** Messages of errors can be as long as they like; headers cannot. */
const longest = 200

/** Why and from where a dead letter is, as headers of its record: for those who sort them without reading them. */
export function letterHeaders(line: Uint8Array): { readonly name: string; readonly value: string }[] {
  const letter = JSON.parse(new TextDecoder().decode(line)) as Partial<DeadLetter>
  return shown
    .filter((name) => letter[name] !== undefined)
    .map((name) => ({ name: `millrace-${name}`, value: String(letter[name]).slice(0, longest) }))
}
