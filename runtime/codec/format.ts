/**
 * The layout of an encoded value: MessagePack, with extension types for what MessagePack lacks. Persisted: never change
 * what a number means, only add. Described in docs/data-format.md.
 *
 *   undefined      fixext 1, type 0
 *   number         the smallest integer form that fits 32 bits; everything else, and -0, is a float 64
 *   bigint         int 64 or uint 64 where it fits (numbers never use these two), else an extension: sign byte, magnitude
 *   text           str, always well-formed
 *   bytes          bin for a Uint8Array; other views are an extension: kind of view, then their own bytes (little-endian)
 *   list, object   array and map; the keys of a map are text
 *   Map, Set       an extension that holds a map or an array; keys and members are any value
 *   Date           an extension: milliseconds as float 64, NaN for an invalid one
 *   the same again an extension: which of the value's objects it is, counted from 0 in the order in which they begin.
 *                  Only after a leading 0xc1, so that whoever decodes need not count where nothing is shared
 */
export const tag = {
  fixmap: 0x80,
  fixarray: 0x90,
  fixstr: 0xa0,
  nil: 0xc0,
  shares: 0xc1,
  false: 0xc2,
  true: 0xc3,
  bin8: 0xc4,
  bin16: 0xc5,
  bin32: 0xc6,
  ext8: 0xc7,
  ext16: 0xc8,
  ext32: 0xc9,
  float64: 0xcb,
  uint8: 0xcc,
  uint16: 0xcd,
  uint32: 0xce,
  uint64: 0xcf,
  int8: 0xd0,
  int16: 0xd1,
  int32: 0xd2,
  int64: 0xd3,
  fixext1: 0xd4,
  fixext4: 0xd6,
  fixext8: 0xd7,
  str8: 0xd9,
  str16: 0xda,
  str32: 0xdb,
  array16: 0xdc,
  array32: 0xdd,
  map16: 0xde,
  map32: 0xdf,
} as const

export const extension = {
  undefined: 0x00,
  date: 0x01,
  bigint: 0x42,
  map: 0x4d,
  bareObject: 0x4e,
  again: 0x70,
  set: 0x73,
  view: 0x74,
} as const

/** Objects inside objects. Deeper data is a chain that should be a list; and a walk over it must not end the thread. */
export const maxDepth = 200
