import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { beforeAll, describe, expect, test } from 'vitest'

/** What a message must say, by the number of the mistake in negative.ts: the words that tell a reader what to write instead. */
const essentials: Record<number, readonly [string, ...string[]]> = {
  1: [
    "'Sink<{ name: string; }>' is not assignable to parameter of type 'Sink<Rejection>'",
    "Property 'name' is missing in type 'Rejection'",
  ],
  2: ["Type 'Quote' is missing the following properties from type 'Order': id, quantity"],
  3: [`Property 'qoute' does not exist on type 'Entity<"market"`, "Did you mean 'quote'?"],
  4: ['an entity needs a key: write .keyBy((value) => value.id) before .to(...)'],
  5: ["Type 'number' is not assignable to type 'string'"],
  6: ["Type 'string | undefined' is not assignable to type 'string'"],
  7: ["Property 'into' does not exist on type 'HandlerReturnsNothing'"],
  8: ['this step is async: write .mapOffload(step)'],
  9: ["Cannot assign to 'bid' because it is a read-only property"],
  10: ["Type 'undefined' is not assignable to type 'Some'"],
  11: ['no field of this value has a fixed set of words'],
  12: ["Property 'huge' does not exist on type 'Branches<"],
  16: ["Argument of type 'Sink<Rejection>' is not assignable to parameter of type 'Gives<any>'"],
  17: ["Argument of type 'Source<Quote>' is not assignable to parameter of type 'Sink<Rejection>'"],
  18: [
    "Argument of type 'Offloaded<{ pixels: Uint8Array<ArrayBufferLike>; }, number>' is not assignable to parameter",
    "Property 'pixels' is missing in type 'Quote'",
  ],
  19: ["Argument of type 'Handler<Quote, ", "is not assignable to parameter of type 'AnyEntity<unknown>'"],
  21: ['go is async: a handler is synchronous'],
  22: ['state.next is a function, and only data can be kept'],
  23: ['state.cart.add is a function, and only data can be kept'],
  24: ['state.items is an empty list of nothing: write [] as Item[]'],
  25: ['state.later is a Promise, and only data can be kept'],
  26: ['the message of go.callback is a function, and only data can be kept'],
  27: ['what go returns.undo is a function, and only data can be kept'],
  28: ['go is a generator: return many([...]) instead'],
  29: ['what go returns is ctx.send(...): write it as a statement of its own, and return after it'],
  30: ["Property 'm' does not exist on type '{ n: number; }'"],
  31: ['the last upcast must return the state of today'],
  32: ['an upcast must return what the next one takes'],
  33: ["Type 'number' is not assignable to type 'object'"],
  34: ["Type 'string' is not assignable to type 'number'"],
  35: ["'again' does not exist in type '{ attempt: number; }'"],
  36: ['Expected 3 arguments, but got 2'],
  37: ['Expected 2 arguments, but got 3'],
  38: ['Expected 3 arguments, but got 2'],
  39: ["Argument of type 'number' is not assignable to parameter of type 'string'"],
  40: [`Argument of type 'Entity<"market"`, "is not assignable to parameter of type 'To<any>'"],
  41: ["Argument of type '() => void' is not assignable to parameter of type 'To<any>'"],
  42: ["Type 'string' is not assignable to type 'number'"],
  43: ["Property 'n' does not exist on type 'Staged'"],
  44: ['declare `activity: () => ({ ... })` in this entity first'],
  45: ["Type 'boolean' is not assignable to type 'number'"],
  46: ["Type 'Address<Quote>' is not assignable to type 'Address<{ ok: boolean; }>'"],
  47: [`Property 'bid' does not exist on type 'Entity<"market"`],
  48: ["Argument of type 'RealSink' is not assignable to parameter of type 'RealSource | readonly Quote[]'"],
  49: ["Type '{ symbol: string; }' is missing the following properties from type 'Quote': bid, tags"],
  50: ["Type 'Source<Quote>' is missing the following properties from type 'Binding'"],
  52: ["Property 'name' does not exist on type 'Quote'"],
  53: ["Operator '+' cannot be applied to types 'boolean' and 'number'"],
  56: ["Property 'open' is missing in type '{ bid: number; }'"],
  58: ["Argument of type 'Sink<Rejection>' is not assignable to parameter of type 'To<any>'"],
  59: ["Argument of type 'Address<{ attempt: number; }>' is not assignable to parameter of type 'To<any>'"],
  60: ["is not assignable to parameter of type 'Gives<any>'"],
  61: ["Property 'map' does not exist on type 'HandlerReturnsNothing'"],
  62: ['what the step returns.again is a function, and only data can be kept'],
}

interface Mistake {
  readonly number: number
  readonly line: number
  readonly title: string
}

const path = fileURLToPath(new URL('negative.ts', import.meta.url))
const text = readFileSync(path, 'utf8').replaceAll('// @ts-expect-error', '//')
const mistakes: Mistake[] = text.split('\n').flatMap((line, at) => {
  const [, number, title] = /^\s*\/\/ (\d+) (.*)$/.exec(line) ?? []
  return number === undefined ? [] : [{ number: Number(number), line: at + 2, title: title! }]
})

describe('a mistake is told in a sentence, at its line', () => {
  let told: { line: number; message: string }[]
  beforeAll(() => {
    told = diagnose(text)
  }, 120_000)

  test.each(mistakes)('$number $title', ({ number, line }) => {
    const message = told.find((diagnostic) => diagnostic.line === line)?.message ?? `no error at line ${line + 1}`
    for (const words of essentials[number]!) expect(message).toContain(words)
  })

  test('nothing else is wrong', () => {
    const lines = new Set(mistakes.map(({ line }) => line))
    expect(told.filter(({ line }) => !lines.has(line))).toEqual([])
    expect(mistakes.map(({ number }) => number).sort((a, b) => a - b)).toEqual(Object.keys(essentials).map(Number))
  })
})

/** The errors of negative.ts as if nobody had expected them. */
function diagnose(source: string): { line: number; message: string }[] {
  const configPath = fileURLToPath(new URL('../tsconfig.json', import.meta.url))
  const { config } = ts.readConfigFile(configPath, (file) => ts.sys.readFile(file)) as { config: object }
  const parsed = ts.parseJsonConfigFileContent(config, ts.sys, fileURLToPath(new URL('..', import.meta.url)))
  const { tsBuildInfoFile: _, ...options } = parsed.options
  const whole: ts.CompilerOptions = { ...options, noEmit: true, incremental: false, composite: false }
  const host = ts.createCompilerHost(whole)
  const read = host.getSourceFile.bind(host)
  host.getSourceFile = (file, language, ...rest) =>
    file === path ? ts.createSourceFile(file, source, language) : read(file, language, ...rest)
  const program = ts.createProgram([path], whole, host)
  const file = program.getSourceFile(path)!
  return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map((diagnostic) => ({
    line: file.getLineAndCharacterOfPosition(diagnostic.start!).line,
    message: ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n'),
  }))
}
