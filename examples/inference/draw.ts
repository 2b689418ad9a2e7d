/** Digits as somebody with an unsteady hand would draw them: 14 by 14 grey pixels, out of place, out of shape and dusty. */
export const size = 14

const glyphs = [
  '.###. #...# #..## #.#.# ##..# #...# .###.',
  '..#.. .##.. ..#.. ..#.. ..#.. ..#.. .###.',
  '.###. #...# ....# ..##. .#... #.... #####',
  '.###. #...# ....# ..##. ....# #...# .###.',
  '...#. ..##. .#.#. #..#. ##### ...#. ...#.',
  '##### #.... ####. ....# ....# #...# .###.',
  '..##. .#... #.... ####. #...# #...# .###.',
  '##### ....# ...#. ..#.. .#... .#... .#...',
  '.###. #...# #...# .###. #...# #...# .###.',
  '.###. #...# #...# .#### ....# ...#. .##..',
].map((rows) => rows.split(' '))

/** `next` gives numbers in [0, 1). */
export function draw(digit: number, next: () => number): Uint8Array {
  const rows = glyphs[digit]!
  const [left, top, slant] = [1 + 3 * next(), 2 * next(), 0.4 * (next() - 0.5)]
  const scale = 0.56 + 0.08 * next()
  const pixels = new Uint8Array(size * size)
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const row = Math.floor((y - top) * scale)
      const column = Math.floor((x - left + slant * (y - size / 2)) * scale)
      const ink = rows[row]?.[column] === '#' ? 200 : 0
      pixels[y * size + x] = Math.min(255, Math.max(0, ink + 90 * (next() - 0.5)))
    }
  }
  return pixels
}
