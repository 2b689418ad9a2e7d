import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { textOf, textWithoutMark } from '../../api/utf8-text.ts'

/** Mostly what is no UTF-8, with the bytes that begin and continue characters. */
const broken = fc.uint8Array({ maxLength: 12 })
const whole = fc.string({ unit: 'binary' })

describe('bytes become the text that the Encoding Standard says', () => {
  test.prop([broken, fc.nat(3)])('whatever they are, and wherever they lie', (bytes, offset) => {
    const within = new Uint8Array(bytes.length + 8)
    within.set(bytes, offset)
    const part = within.subarray(offset, offset + bytes.length)
    expect(textOf(part)).toBe(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes))
    expect(textWithoutMark(part)).toBe(new TextDecoder().decode(bytes))
  })

  test.prop([whole])('also when they are a text', (text) => {
    const bytes = new TextEncoder().encode(`\uFEFF${text}`)
    expect(textOf(bytes)).toBe(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes))
    expect(textWithoutMark(bytes)).toBe(new TextDecoder().decode(bytes))
  })
})
