/** Records one after the other, each with its length in four bytes before it: what `?framing=u32` reads and writes. */
export function frames(records: Iterable<Uint8Array>): Uint8Array {
  const list = [...records]
  const bytes = new Uint8Array(list.reduce((size, record) => size + 4 + record.length, 0))
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const record of list) {
    view.setUint32(at, record.length)
    bytes.set(record, at + 4)
    at += 4 + record.length
  }
  return bytes
}

export function unframe(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const records: Uint8Array[] = []
  for (let at = 0; at < bytes.length; ) {
    const start = at + 4
    at = start + view.getUint32(at)
    records.push(bytes.subarray(start, at))
  }
  return records
}
