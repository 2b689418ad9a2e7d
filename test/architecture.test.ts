import { describe, expect, test } from 'vitest'
import { entryPointsExist, noDeadFiles, noImportCycles } from './support/architecture/graph.ts'
import { layersPointDown } from './support/architecture/layers.ts'
import { coreIsPure } from './support/architecture/purity.ts'
import { readCheckout, type SourceTree } from './support/architecture/source-tree.ts'
import { filesAreShort, MAX_LINES, noBannedText } from './support/architecture/text.ts'

const RULES: Record<string, (tree: SourceTree) => string[]> = {
  'imports point down the layers': layersPointDown,
  'the core reads no clock, throws no dice and waits for nothing': coreIsPure,
  'files do not import each other in circles': noImportCycles,
  'what package.json publishes exists': entryPointsExist,
  'no file is dead': noDeadFiles,
  'files stay short': filesAreShort,
  'nothing is skipped, empty or left for later': noBannedText,
}

describe('this checkout', () => {
  const checkout = readCheckout()
  test.each(Object.entries(RULES))('%s', (_, rule) => {
    expect(rule(checkout)).toEqual([])
  })
})

/** Files by path; a text without a line break is the whole file. */
function planted(files: Record<string, string>): SourceTree {
  return new Map(Object.entries(files))
}

describe('imports point down the layers', () => {
  const problemOf = (path: string, text: string): string | undefined => layersPointDown(planted({ [path]: text }))[0]

  test.each([
    ['runtime/base/hash.ts', `import { x } from '../shard/lane.ts'`],
    ['runtime/shard/lane.ts', `import type { Store } from '../ports/store.ts'`],
    ['runtime/ports/store.ts', `export * from '../worker/worker.ts'`],
    ['runtime/worker/worker.ts', `import '../codec/codec.ts'`],
    ['runtime/node/level/store.ts', `import { x } from '../../sim/store.ts'`],
    ['runtime/sim/store.ts', `import { x } from '../node/level/store.ts'`],
    ['runtime/sim/world.ts', `import { run } from '../../api/run.ts'`],
    ['runtime/node/pool.ts', `const thread = new Worker(new URL('../../api/thread.js', import.meta.url))`],
    ['runtime/worker/worker.ts', `const x = await import('../../test/support/x.ts')`],
  ])('%s may not: %s', (path, text) => {
    expect(problemOf(path, text)).toMatch(/^\S+:1 imports .* but .* may only import .*: move what both need/)
  })

  test.each([
    ['runtime/shard/lane.ts', `import { x } from '../base/hash.ts'`],
    ['runtime/codec/codec.ts', `import { Packr } from 'msgpackr'`],
    ['runtime/node/level/store.ts', `import { Level } from 'level'; import { join } from 'node:path'`],
    ['runtime/node/level/store.ts', `import type { Store } from '../../ports/store.ts'`],
    ['api/testing.ts', `import { world } from '../runtime/sim/world.ts'; import 'node:fs'`],
    ['examples/bank/bank.ts', `import { entity } from 'millrace'; import './types.ts'; import { z } from 'zod'`],
    ['test/any.test.ts', `import '../runtime/shard/lane.ts'; import 'node:fs'`],
    ['runtime/shard/lane.ts', `// import { x } from '../worker/worker.ts'\nconst text = "from '../worker/worker.ts'"`],
  ])('%s may: %s', (path, text) => {
    expect(problemOf(path, text)).toBeUndefined()
  })

  test.each([
    ['runtime/sim/store.ts', 'node:fs'],
    ['runtime/worker/worker.ts', '@grpc/grpc-js'],
    ['runtime/shard/lane.ts', 'msgpackr'],
    ['runtime/base/hash.ts', 'lodash'],
  ])('%s is pure and may not import %s', (path, specifier) => {
    expect(problemOf(path, `import '${specifier}'`)).toContain(`imports '${specifier}', but`)
    expect(problemOf(path, `import '${specifier}'`)).toContain('put it behind a port')
  })

  test('examples use what is published, and the inside does not', () => {
    expect(problemOf('examples/bank.ts', `import '../api/index.ts'`)).toContain(`import it from 'millrace'`)
    expect(problemOf('examples/bank.ts', `import '../test/support/x.ts'`)).toContain(`import it from 'millrace'`)
    expect(problemOf('api/run.ts', `import 'millrace/files'`)).toContain('import the file by its path')
  })

  test('a file of runtime/ in no layer is named', () => {
    expect(problemOf('runtime/misc/x.ts', '')).toContain('is in no layer: move it into one of runtime/node')
  })
})

describe('the core reads no clock, throws no dice and waits for nothing', () => {
  test.each([
    ['Date.now()', 'Date.now is banned'],
    ['new Date()', 'new Date() without an argument'],
    ['Math.random()', 'Math.random is banned'],
    ['setTimeout(() => {}, 1)', 'setTimeout is banned'],
    ['console.log(1)', 'console is banned'],
    ['const f = async () => 1', 'async is banned'],
    ['await f()', 'await is banned'],
    ['for await (const x of xs) {}', 'await is banned'],
    ['let x: Promise<number>', 'Promise is banned'],
    ['Promise.resolve(1)', 'Promise is banned'],
    ['const now = performance.now()', 'performance is banned'],
  ])('%s', (text, problem) => {
    for (const path of ['runtime/base/x.ts', 'runtime/shard/deep/x.ts']) {
      expect(coreIsPure(planted({ [path]: `\n${text}` }))).toEqual([expect.stringContaining(`${path}:2 ${problem}`)])
    }
  })

  test.each([
    '// Date.now() and Promise',
    `const text = 'await console.log(Math.random())'`,
    'new Date(now).getTime()',
    'Math.imul(1, 2)',
    'trace.console.log(1); const x = { process: 1 }; x.process',
    'interface Pool { process(): void }',
  ])('not meant: %s', (text) => {
    expect(coreIsPure(planted({ 'runtime/shard/x.ts': text }))).toEqual([])
  })

  test('the other pure layers may wait, but have no clock either; the platform has both', () => {
    const text = 'export const f = async (): Promise<void> => { await g(); Date.now() }'
    for (const layer of ['ports', 'worker', 'codec', 'sim']) {
      expect(coreIsPure(planted({ [`runtime/${layer}/x.ts`]: text }))).toEqual([
        expect.stringContaining('Date.now is banned here: time is an input'),
      ])
    }
    expect(coreIsPure(planted({ 'runtime/node/x.ts': text, 'api/x.ts': text, 'test/x.ts': text }))).toEqual([])
  })
})

describe('the graph of imports', () => {
  test('a cycle is named once, types included', () => {
    const tree = planted({
      'runtime/base/a.ts': `import { b } from './b.ts'`,
      'runtime/base/b.ts': `import type { C } from './c.ts'`,
      'runtime/base/c.ts': `export { a } from './a.ts'`,
      'runtime/base/d.ts': `import { a } from './a.ts'`,
    })
    expect(noImportCycles(tree)).toEqual([
      'runtime/base/a.ts -> runtime/base/b.ts -> runtime/base/c.ts -> runtime/base/a.ts is a cycle of imports: move what they share into a file of its own.',
    ])
  })

  test('a diamond is no cycle, and the programs of users may go in circles', () => {
    const tree = planted({
      'examples/order.ts': `import './stock.ts'`,
      'examples/stock.ts': `import './order.ts'`,
      'api/a.ts': `import './b.ts'\nimport './c.ts'`,
      'api/b.ts': `import './d.ts'`,
      'api/c.ts': `import './d.ts'`,
      'api/d.ts': '',
    })
    expect(noImportCycles(tree)).toEqual([])
  })

  const manifest = JSON.stringify({
    exports: { '.': { 'millrace:source': './api/index.ts' }, './package.json': './package.json' },
    bin: { millrace: './dist/api/cli/main.js' },
  })

  test('a file that only a dead file uses is dead; entry points, commands, threads, tests and benches keep files alive', () => {
    const tree = planted({
      'package.json': manifest,
      'api/index.ts': `import '../runtime/base/exported.ts'`,
      'api/cli/main.ts': `new Worker(new URL('../../runtime/node/thread.js', import.meta.url))`,
      'runtime/base/exported.ts': '',
      'runtime/node/thread.ts': '',
      'runtime/base/tested.ts': '',
      'test/x.test.ts': `import '../runtime/base/tested.ts'`,
      'runtime/base/measured.ts': '',
      'bench/main.ts': `import '../runtime/base/measured.ts'`,
      'runtime/base/dead.ts': `import './user.ts'`,
      'runtime/base/user.ts': '',
    })
    expect(noDeadFiles(tree).map((problem) => problem.split(' ')[0])).toEqual([
      'runtime/base/dead.ts',
      'runtime/base/user.ts',
    ])
    expect(noDeadFiles(tree)[0]).toContain('Delete it, or use it.')
    expect(entryPointsExist(tree)).toEqual([])
  })

  test('an entry point without a file is named', () => {
    expect(entryPointsExist(planted({ 'package.json': manifest, 'api/index.ts': '' }))).toEqual([
      expect.stringContaining('publishes api/cli/main.ts, which does not exist: write it'),
    ])
  })
})

describe('the text of files', () => {
  test('length', () => {
    const lines = (count: number): SourceTree => planted({ 'api/x.ts': 'x\n'.repeat(count) })
    expect(filesAreShort(lines(MAX_LINES))).toEqual([])
    expect(filesAreShort(lines(MAX_LINES + 1))).toEqual([
      'api/x.ts has 401 lines, more than 400: split it by idea, one file each.',
    ])
  })

  test.each([
    ['it' + '.skip(1)', 'let the test run'],
    ['test.concurrent' + '.only(1)', 'let the test run'],
    ['describe' + '.todo(1)', 'let the test run'],
    ['expect' + '(true).toBe(true)', 'asserts nothing'],
    ['// TO' + 'DO: later', 'stray reminder'],
    ['// FIX' + 'ME', 'stray reminder'],
    ['// X' + 'XX', 'stray reminder'],
    [`'/` + `work/x'`, 'a path of one machine'],
  ])('%s', (text, remedy) => {
    expect(noBannedText(planted({ 'test/x.test.ts': `\n${text}` }))).toEqual([
      expect.stringMatching(new RegExp(`^test/x\\.test\\.ts:2 .*${remedy}`)),
    ])
  })

  test('not meant', () => {
    const text = `test.skipIf(no)('x', ({ skip }) => skip('reason')); import '../work/x.ts'; expect(truth).toBe(1)`
    expect(noBannedText(planted({ 'test/x.test.ts': text }))).toEqual([])
  })
})
