/**
 * What every JavaScript platform has though the language does not name it. Nothing here has a clock, waits or rolls dice: these are
 * functions of their arguments.
 */
interface Platform {
  readonly TextEncoder: new () => {
    encodeInto(text: string, bytes: Uint8Array): { readonly read: number; readonly written: number }
  }
  readonly TextDecoder: new (label: string, options: { ignoreBOM: boolean }) => { decode(bytes: Uint8Array): string }
  /** Node's alone. */
  readonly Buffer?: { readonly prototype: object; from(buffer: ArrayBuffer, at: number, sizeBytes: number): object }
}

const platform = globalThis as unknown as Platform

export const textEncoder: InstanceType<Platform['TextEncoder']> = new platform.TextEncoder()
/** Keeps a mark at the start of a text, which is a character like others. */
export const textDecoder: InstanceType<Platform['TextDecoder']> = new platform.TextDecoder('utf-8', { ignoreBOM: true })
export const nodeBuffer: Platform['Buffer'] = platform.Buffer
