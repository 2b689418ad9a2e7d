import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { test } from '../support/folder.ts'

const child = fileURLToPath(new URL('./support/young-objects-child.ts', import.meta.url))

test('where a program runs, V8 does not learn from objects that stay where to make those that do not', ({ folder }) => {
  const flags = ['--expose-gc', '--trace-pretenuring-statistics']
  const said = execFileSync(process.execPath, [...process.execArgv, ...flags, child, folder], { encoding: 'utf8' })
  const [before = '', after = ''] = said.slice(said.indexOf('before\n')).split('after\n')
  expect(before).toContain('pretenuring: AllocationSite')
  expect(after).not.toContain('pretenuring: AllocationSite')
  expect(after).toContain('2000 are there')
})
