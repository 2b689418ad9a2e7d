import type { Event, Total } from '../programs/totals.ts'

/**
 * Kafka's EosTest check: what a reader of committed records sees for each key is, record by record, what running figures over
 * that key's events are. Answers with what is wrong.
 */
export function checkTotals(events: readonly Event[], totals: readonly Total[]): string[] {
  const problems: string[] = []
  const expected = new Map<string, Total[]>()
  for (const { key, value } of events) {
    const list = expected.get(key) ?? []
    const last = list.at(-1) ?? { count: 0, sum: 0, min: Infinity, max: -Infinity }
    const { count, sum, min, max } = last
    list.push({
      key,
      value,
      count: count + 1,
      sum: sum + value,
      min: Math.min(min, value),
      max: Math.max(max, value),
    })
    expected.set(key, list)
  }
  const seen = new Map<string, Total[]>()
  for (const total of totals) {
    const list = seen.get(total.key)
    if (list === undefined) seen.set(total.key, [total])
    else list.push(total)
  }
  for (const key of new Set([...expected.keys(), ...seen.keys()])) {
    const [wanted, found] = [expected.get(key) ?? [], seen.get(key) ?? []]
    if (wanted.length !== found.length) problems.push(`${key}: ${found.length} records, not ${wanted.length}`)
    const at = wanted.findIndex((total, i) => text(total) !== text(found[i]))
    if (at >= 0) problems.push(`${key}: record ${at} is ${text(found[at])}, not ${text(wanted[at])}`)
  }
  return problems
}

function text(total: Total | undefined): string {
  if (total === undefined) return 'missing'
  const { key, value, count, sum, min, max } = total
  return JSON.stringify([key, value, count, sum, min, max])
}
