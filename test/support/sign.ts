/** By what a simulated run shows that it failed: the kind of the first problem, the code of a refusal, or the verdict alone. */
export function signOf(verdict: string, text: string): string {
  if (verdict === 'wrong') return /^\w+/.exec(text)?.[0] ?? verdict
  if (verdict === 'refused') return /has stopped: (MR_\w+)/.exec(text)?.[1] ?? verdict
  return verdict
}
