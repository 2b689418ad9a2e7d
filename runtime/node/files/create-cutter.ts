import type { Cutter, CutterOptions } from './cutter.ts'
import { FrameCutter } from './frame-cutter.ts'
import type { Framing } from './framing.ts'
import { LineCutter } from './line-cutter.ts'

export function createCutter(framing: Framing, options: CutterOptions): Cutter {
  if (framing === 'lines') return new LineCutter(options)
  return new FrameCutter(options, framing === 'u32' ? 4 : 2)
}
