import { msgpack } from 'millrace'
import { frames } from '../frames.ts'
import { random } from '../random.ts'
import type { Image } from './classify.ts'
import { draw } from './draw.ts'

const format = msgpack((raw) => raw as Image)

/** What is drawn, and which digits these are. The same seed draws the same. */
export function drawn({ count, seed }: { count: number; seed: number }): { digits: number[]; images: Image[] } {
  const next = random(seed)
  const digits = Array.from({ length: count }, () => Math.floor(10 * next()))
  return { digits, images: digits.map((digit, id) => ({ id, pixels: draw(digit, next) })) }
}

export function generateImages(options: { count: number; seed: number }): Uint8Array {
  return frames(drawn(options).images.map((image) => Buffer.from(format.encode(image))))
}
