import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { foreignAccess, makePrivateDirectory, writeFileAtomic } from '../../src/platform/safe-files.ts'
import { temporaryDirectory } from '../store/harnesses.ts'

describe('safe files', () => {
  let dir: string
  beforeEach(async () => {
    dir = await temporaryDirectory('files')
  })
  afterEach(() => rm(dir, { recursive: true, force: true }))

  it('replaces a file as a whole, with the mode asked for', async () => {
    const path = join(dir, 'file')
    await writeFile(path, 'old', { mode: 0o644 })
    await writeFileAtomic(path, Buffer.from('new'), { mode: 0o600 })
    expect(await readFile(path, 'utf8')).toBe('new')
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await readdir(dir)).toEqual(['file'])
  })

  it('does not replace when it must be the first, and leaves nothing behind', async () => {
    const path = join(dir, 'file')
    await writeFileAtomic(path, Buffer.from('first'), { mode: 0o600, exclusive: true })
    await expect(writeFileAtomic(path, Buffer.from('second'), { mode: 0o600, exclusive: true })).rejects.toMatchObject({
      code: 'EEXIST',
    })
    expect(await readFile(path, 'utf8')).toBe('first')
    expect(await readdir(dir)).toEqual(['file'])
  })

  it('makes private folders, parents included, and tells who else may enter', async () => {
    const deep = join(dir, 'a', 'b')
    await makePrivateDirectory(deep)
    await makePrivateDirectory(deep)
    expect(await foreignAccess(deep)).toBe(0)
    expect(await foreignAccess(join(dir, 'a'))).toBe(0)
    await writeFile(join(dir, 'open'), '', { mode: 0o644 })
    expect(await foreignAccess(join(dir, 'open'))).toBe(0o044)
  })
})
