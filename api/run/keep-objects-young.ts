import { setFlagsFromString } from 'node:v8'

/**
 * Has V8 make every new object where young ones are collected, in all threads of this process. It would learn otherwise where a program
 * starts, while it collects all of its memory once, that what a decoder makes lives for long: whatever was put into a batch meanwhile is
 * still there in the end. From then on it makes messages where only a collection of everything finds them, and up to half of a
 * worker's time goes into that (docs/decisions/0017-young-objects.md).
 */
export function keepObjectsYoung(): void {
  setFlagsFromString('--no-allocation-site-pretenuring')
}
