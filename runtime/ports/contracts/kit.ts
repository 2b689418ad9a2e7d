/** What a contract suite needs of a test runner. vitest's fits, and so does anything with the same words. */
export interface ContractKit {
  describe(name: string, body: () => void): void
  test(name: string, body: () => Promise<void>): void
  expect(actual: unknown, message?: string): { toBe(expected: unknown): void; toEqual(expected: unknown): void }
}

/** Makes tests that each get something fresh, which is disposed of afterwards. */
export function testsWith<Fixture extends { dispose(): Promise<void> }>(
  test: ContractKit['test'],
  fresh: () => Promise<Fixture>,
): (name: string, body: (fixture: Fixture) => Promise<void>) => void {
  return (name, body) =>
    test(name, async () => {
      const fixture = await fresh()
      try {
        await body(fixture)
      } finally {
        await fixture.dispose()
      }
    })
}
