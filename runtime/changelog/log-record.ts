import { assert } from '../base/assert.ts'
import { ByteReader, ByteWriter } from '../base/bytes.ts'
import { MillraceError } from '../base/errors.ts'
import { Chain } from '../base/hash.ts'
import type { CommitWrite } from '../ports/store.ts'
import { corrupt } from '../ports/store-refusals.ts'
import type { Claim, ClaimName, Digest, Entry, LogRecord, Standing } from './judge.ts'

/**
 * A record of a changelog. Layout (docs/data-format.md):
 *
 *   version u8, kind u8
 *   1 claim    claim
 *   2 commit   name of the claim, number f64, digest of the commit before, lowest record that is needed f64, record (u32 length), rows
 *   3 begin    standing
 *   4 chunk    name of the claim, shortening varint, index varint, rows
 *   5 end      name of the claim, shortening varint, chunks varint
 *   digest     u32, u32: over everything before it
 */
const recordVersion = 1
const digestBytes = 8
const Kind = { claim: 1, commit: 2, begin: 3, chunk: 4, end: 5 } as const

export type Rows = CommitWrite['rows']
type Row = Rows[number]

/** A record that was read back, or is on its way. */
export interface DecodedRecord extends LogRecord {
  readonly bytes: Uint8Array
  /** Where the content of a commit or a chunk begins. */
  readonly contentAt: number
}

export interface CommitContent {
  readonly record: Uint8Array
  readonly rows: Rows
}

export function encodeClaim(claim: Claim): Uint8Array {
  const out = begin(Kind.claim, 128)
  writeClaim(out, claim)
  return finish(out)
}

/** Bytes are copied. */
export function encodeCommit(by: ClaimName, before: Digest, write: CommitWrite): Uint8Array {
  const out = begin(Kind.commit, write.record.length + write.rows.length * 64 + 128)
  writeName(out, by)
  out.f64(write.number)
  writeDigest(out, before)
  out.f64(write.truncateBelow)
  out.u32(write.record.length)
  out.raw(write.record)
  writeRows(out, write.rows)
  return finish(out)
}

export function encodeBegin(standing: Standing): Uint8Array {
  const out = begin(Kind.begin, 128)
  writeStanding(out, standing)
  return finish(out)
}

export function encodeChunk(by: ClaimName, shortening: number, index: number, rows: Rows): Uint8Array {
  const out = begin(Kind.chunk, 4_096)
  writeName(out, by)
  out.varint(shortening)
  out.varint(index)
  writeRows(out, rows)
  return finish(out)
}

export function encodeEnd(by: ClaimName, shortening: number, chunks: number): Uint8Array {
  const out = begin(Kind.end, 64)
  writeName(out, by)
  out.varint(shortening)
  out.varint(chunks)
  return finish(out)
}

/**
 * Reads a record but for its content. Throws MR_STORE_CORRUPT if a bit of it is wrong, and MR_DATA_FORMAT_UNKNOWN.
 * @param where for people: `record 7 of ...`
 */
export function decodeRecord(bytes: Uint8Array, where: string): DecodedRecord {
  if (bytes.length < digestBytes + 2) throw corrupt(`${where} is cut off`)
  const end = bytes.length - digestBytes
  const digest = readDigest(new ByteReader(bytes, end))
  const found = new Chain()
  found.add(bytes, 0, end)
  if (!found.equals(digest.high, digest.low)) throw corrupt(`${where} does not match its checksum`)
  if (bytes[0] !== recordVersion) throw formatUnknown(where, bytes[0]!)
  return parseRecord(bytes)
}

/** The same, of bytes that were made here. */
export function parseRecord(bytes: Uint8Array): DecodedRecord {
  const end = bytes.length - digestBytes
  const reader = new ByteReader(bytes, 1, end)
  const entry = readEntry(reader)
  const digest = readDigest(new ByteReader(bytes, end))
  return { entry, digest, sizeBytes: bytes.length, bytes, contentAt: reader.at }
}

/** What a commit changed. Views of the record's bytes. */
export function readCommit({ bytes, contentAt }: DecodedRecord): CommitContent {
  const reader = new ByteReader(bytes, contentAt)
  return { record: reader.raw(reader.u32()), rows: readRows(reader) }
}

/** Views of the record's bytes. */
export function readChunk({ bytes, contentAt }: DecodedRecord): Rows {
  return readRows(new ByteReader(bytes, contentAt))
}

export function writeStanding(out: ByteWriter, standing: Standing): void {
  out.u8(standing.claim === undefined ? 0 : 1)
  if (standing.claim !== undefined) writeClaim(out, standing.claim)
  out.varint(standing.version)
  out.f64(standing.number)
  writeDigest(out, standing.digest)
  out.f64(standing.lowest)
  out.varint(standing.shortenings)
}

export function readStanding(reader: ByteReader): Standing {
  return {
    claim: reader.u8() === 0 ? undefined : readClaim(reader),
    version: reader.varint(),
    number: reader.f64(),
    digest: readDigest(reader),
    lowest: reader.f64(),
    shortenings: reader.varint(),
  }
}

export function writeDigest(out: ByteWriter, { high, low }: Digest): void {
  out.u32(high)
  out.u32(low)
}

export function readDigest(reader: ByteReader): Digest {
  return { high: reader.i32(), low: reader.i32() }
}

function begin(kind: number, sizeBytes: number): ByteWriter {
  const out = new ByteWriter(sizeBytes)
  out.u8(recordVersion)
  out.u8(kind)
  return out
}

function finish(out: ByteWriter): Uint8Array {
  const chain = new Chain()
  chain.add(out.bytes, 0, out.length)
  writeDigest(out, chain)
  return out.copy()
}

function readEntry(reader: ByteReader): Entry {
  const kind = reader.u8()
  if (kind === Kind.claim) return { kind: 'claim', claim: readClaim(reader) }
  if (kind === Kind.begin) return { kind: 'begin', standing: readStanding(reader) }
  if (kind === Kind.commit) {
    const [by, number, before] = [readName(reader), reader.f64(), readDigest(reader)]
    return { kind: 'commit', by, number, before, truncateBelow: reader.f64() }
  }
  if (kind === Kind.chunk)
    return { kind: 'chunk', by: readName(reader), shortening: reader.varint(), index: reader.varint() }
  assert(kind === Kind.end, `a record of kind ${kind} matches its checksum`)
  return { kind: 'end', by: readName(reader), shortening: reader.varint(), chunks: reader.varint() }
}

function writeName(out: ByteWriter, { epoch, incarnation }: ClaimName): void {
  out.u32(epoch)
  out.text(incarnation)
}

function readName(reader: ByteReader): ClaimName {
  return { epoch: reader.u32(), incarnation: reader.text() }
}

function writeClaim(out: ByteWriter, claim: Claim): void {
  writeName(out, claim)
  out.text(claim.address)
  out.varint(claim.version)
  out.varint(claim.shardCount)
  out.varint(claim.groupCount)
}

function readClaim(reader: ByteReader): Claim {
  const { epoch, incarnation } = readName(reader)
  const address = reader.text()
  const [version, shardCount, groupCount] = [reader.varint(), reader.varint(), reader.varint()]
  return { epoch, incarnation, address, version, shardCount, groupCount }
}

function writeRows(out: ByteWriter, rows: Rows): void {
  out.varint(rows.length)
  for (const [key, value] of rows) {
    out.block(key)
    out.u8(value === undefined ? 0 : 1)
    if (value !== undefined) out.block(value)
  }
}

function readRows(reader: ByteReader): Rows {
  const rows: Row[] = []
  for (let left = reader.varint(); left > 0; left--)
    rows.push([reader.block(), reader.u8() === 0 ? undefined : reader.block()])
  return rows
}

function formatUnknown(where: string, version: number): MillraceError {
  return new MillraceError(
    'MR_DATA_FORMAT_UNKNOWN',
    `${where} has version ${version}, this program knows ${recordVersion}`,
    { next: 'Run the version of Millrace that wrote it' },
  )
}
