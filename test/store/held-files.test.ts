import { readdir, readlink, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect } from 'vitest'
import { HeldFiles } from '../../runtime/node/level/held-files.ts'
import { openLevelStore } from '../../runtime/node/level/open-store.ts'
import { commit, openGroup } from '../../runtime/ports/contracts/store-calls.ts'
import { eventually } from '../support/eventually.ts'
import { test } from '../support/folder.ts'

/** What this process has open in a folder, by name. What is deleted says so. */
async function openIn(folder: string): Promise<string[]> {
  const names: string[] = []
  for (const handle of await readdir('/proc/self/fd')) {
    const file = await readlink(`/proc/self/fd/${handle}`).catch(() => '')
    if (file.startsWith(`${folder}/`)) names.push(file.slice(folder.length + 1))
  }
  return names.sort()
}

const isOnLinux = process.platform === 'linux'

describe.runIf(isOnLinux)('the files of LevelDB', () => {
  let held: HeldFiles | undefined
  afterEach(() => held?.close())

  test('are held open from when they come, and let go of when they are deleted', async ({ folder }) => {
    await writeFile(join(folder, '000001.log'), 'there before')
    held = new HeldFiles(folder)
    await writeFile(join(folder, '000002.ldb'), 'a table')
    await eventually(async () => (await openIn(folder)).length === 2)
    expect(await openIn(folder)).toEqual(['000001.log', '000002.ldb'])
    await unlink(join(folder, '000001.log'))
    await eventually(async () => (await openIn(folder)).length === 1)
    expect(await openIn(folder)).toEqual(['000002.ldb'])
  })

  test('are not held where to close them would give away a lock, or where they change their names', async ({
    folder,
  }) => {
    for (const name of ['LOCK', 'CURRENT', 'MANIFEST-000001', '000003.dbtmp', 'LOG'])
      await writeFile(join(folder, name), '')
    held = new HeldFiles(folder)
    await writeFile(join(folder, '000004.ldb'), '')
    await eventually(async () => (await openIn(folder)).includes('000004.ldb'))
    expect(await openIn(folder)).toEqual(['000004.ldb'])
  })

  test('are the newest of many', async ({ folder }) => {
    for (let i = 100; i < 300; i++) await writeFile(join(folder, `000${i}.ldb`), '')
    held = new HeldFiles(folder)
    await eventually(async () => (await openIn(folder)).includes('000299.ldb'))
    await writeFile(join(folder, '000300.ldb'), '')
    await eventually(async () => (await openIn(folder)).includes('000300.ldb'))
    await eventually(async () => (await openIn(folder)).length === 128)
    expect((await openIn(folder))[0]).toBe('000173.ldb')
  })

  test('are let go of in the end', async ({ folder }) => {
    held = new HeldFiles(folder)
    await writeFile(join(folder, '000001.ldb'), '')
    await eventually(async () => (await openIn(folder)).length === 1)
    await writeFile(join(folder, '000002.ldb'), '')
    await held.close()
    await held.close()
    expect(await openIn(folder)).toEqual([])
  })

  test('need no folder that is there', async ({ folder }) => {
    held = new HeldFiles(join(folder, 'nowhere'))
    await held.close()
    expect(await openIn(folder)).toEqual([])
  })

  test('do not pile up in a store that writes far more than its buffers hold', async ({ folder }) => {
    const store = await openLevelStore({ path: folder, durability: 'process' })
    const { epoch } = await openGroup(store, 0)
    const record = new Uint8Array(1 << 20)
    for (let number = 1; number <= 60; number++)
      await commit(store, { group: 0, epoch, number, record, rows: [], truncateBelow: number })
    const files = join(folder, 'level')
    await eventually(async () => !(await openIn(files)).some((name) => name.endsWith('(deleted)')))
    expect(await readdir(files)).not.toContain('000003.log')
    // Besides LevelDB itself somebody has its newest log open.
    await eventually(async () => (await openIn(files)).filter((name) => name.endsWith('.log')).length === 2)
    await store.close()
    expect(await openIn(files)).toEqual([])
  })
})
