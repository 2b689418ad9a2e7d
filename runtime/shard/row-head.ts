/**
 * The number that the value of an entity's row begins with: the version of its shape, and whether the time of its last message
 * follows. It says so itself, because a program may begin or cease to forget idle entities (`ttlMs`).
 */
export function rowHead(version: number, seen: boolean): number {
  return 2 * version + (seen ? 1 : 0)
}

export function versionOfHead(head: number): number {
  return head >>> 1
}

export function wasSeen(head: number): boolean {
  return (head & 1) === 1
}
