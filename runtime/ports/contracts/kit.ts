/** What a contract suite needs of a test runner. vitest's fits, and so does anything with the same words. */
export interface ContractKit {
  describe(name: string, body: () => void): void
  test(name: string, body: () => Promise<void>): void
  expect(actual: unknown, message?: string): { toBe(expected: unknown): void; toEqual(expected: unknown): void }
}
