const encoder = new TextEncoder()

export function utf8(text: string): Uint8Array {
  return encoder.encode(text)
}

/** A record as its source would carry it. */
export function bytesOf(value: unknown): Uint8Array {
  return utf8(JSON.stringify(value))
}

/** The records of a source, dealt to its partitions. */
export function dealt(records: readonly Uint8Array[], partitions: number): Uint8Array[][] {
  return Array.from({ length: partitions }, (_, partition) => records.filter((_, i) => i % partitions === partition))
}
