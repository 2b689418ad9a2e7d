/** The accounts that transfers are between. Each has so much that none is ever refused for want of money. */
export const accountCount = 10_000
export const paidIn = 1_000_000_000_000

export function accountName(index: number): string {
  return `account-${index}`
}
