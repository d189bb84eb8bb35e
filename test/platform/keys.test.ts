import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createKeys, loadKeys, rotateKeyEncryptionKey } from '../../src/platform/keys.ts'
import { temporaryDirectory } from '../store/harnesses.ts'

describe('key files', () => {
  let root: string
  let dir: string

  beforeEach(async () => {
    root = await temporaryDirectory('keys')
    dir = join(root, 'keys')
  })
  afterEach(() => rm(root, { recursive: true, force: true }))

  it('creates every key, private to its owner', async () => {
    const created = await createKeys(dir)
    expect(created.map((path) => path.slice(dir.length + 1)).sort()).toEqual([
      'audit.key',
      'catalog.key',
      'finding.key',
      'kek-1.key',
      'trace.key',
    ])
    expect((await stat(dir)).mode & 0o777).toBe(0o700)
    for (const path of created) expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await readdir(dir), 'no temporary file stays').toHaveLength(5)
    const keys = await loadKeys(dir)
    const all = [keys.audit, keys.trace, keys.finding, keys.catalog, keys.keyEncryption.get(1)]
    expect(new Set(all.map((key) => key.toString('hex'))).size).toBe(5)
    for (const key of all) expect(key).toHaveLength(32)
  })

  it('leaves existing keys alone and adds what is missing', async () => {
    await createKeys(dir)
    const audit = await readFile(join(dir, 'audit.key'), 'utf8')
    await rm(join(dir, 'trace.key'))
    expect(await createKeys(dir)).toEqual([join(dir, 'trace.key')])
    expect(await readFile(join(dir, 'audit.key'), 'utf8')).toBe(audit)
  })

  it.each(['audit.key', 'trace.key', 'finding.key', 'catalog.key', 'kek-1.key'])(
    'refuses to start without %s, and says what to do',
    async (file) => {
      await createKeys(dir)
      await rm(join(dir, file))
      await expect(loadKeys(dir)).rejects.toMatchObject({
        code: 'keys-missing',
        message: expect.stringContaining(join(dir, file)),
      })
      await expect(loadKeys(dir)).rejects.toThrow('sluice keys create')
    },
  )

  it('refuses a missing folder', async () => {
    await expect(loadKeys(dir)).rejects.toMatchObject({ code: 'keys-missing' })
  })

  it.each(['audit.key', 'kek-1.key'])(
    'refuses %s when others may read it, with the command that mends it',
    async (file) => {
      await createKeys(dir)
      const path = join(dir, file)
      await chmod(path, 0o640)
      await expect(loadKeys(dir)).rejects.toMatchObject({
        code: 'keys-mode',
        message: expect.stringContaining(`chmod 600 ${path}`),
      })
      await chmod(path, 0o400)
      await loadKeys(dir)
    },
  )

  it('refuses a folder that others may enter', async () => {
    await createKeys(dir)
    await chmod(dir, 0o755)
    await expect(loadKeys(dir)).rejects.toThrow(`chmod 700 ${dir}`)
  })

  it.each([
    ['too short', 'ab'.repeat(31)],
    ['too long', 'ab'.repeat(33)],
    ['empty', ''],
    ['no hexadecimal', 'zz'.repeat(32)],
  ])('refuses a key that is %s, and shows none of it', async (_, text) => {
    await createKeys(dir)
    await writeFile(join(dir, 'finding.key'), text)
    const error = await loadKeys(dir).catch((e: unknown) => e)
    expect(error).toMatchObject({ code: 'keys-malformed', message: expect.stringContaining(join(dir, 'finding.key')) })
    if (text) expect(String(error)).not.toContain(text)
  })

  it('rotates by adding a key, which processes that run already can open too', async () => {
    await createKeys(dir)
    const running = await loadKeys(dir)
    expect(await rotateKeyEncryptionKey(dir)).toBe(2)
    expect(running.keyEncryption.currentId()).toBe(1)
    const fresh = await loadKeys(dir)
    expect(fresh.keyEncryption.currentId()).toBe(2)
    expect(running.keyEncryption.get(2).equals(fresh.keyEncryption.get(2))).toBe(true)
    await running.keyEncryption.reload()
    expect(running.keyEncryption.currentId()).toBe(2)
    expect(running.keyEncryption.get(1).equals(running.keyEncryption.get(2))).toBe(false)
  })

  it('orders key numbers as numbers', async () => {
    await createKeys(dir)
    for (let i = 0; i < 10; i += 1) await rotateKeyEncryptionKey(dir)
    expect((await loadKeys(dir)).keyEncryption.currentId()).toBe(11)
  })

  it('says which key-encryption key is missing', async () => {
    await createKeys(dir)
    const { keyEncryption } = await loadKeys(dir)
    expect(() => keyEncryption.get(7)).toThrow(/key-encryption key 7 .*kek-7\.key/)
  })

  it('does not rotate a folder without keys', async () => {
    await mkdir(dir, { mode: 0o700 })
    await expect(rotateKeyEncryptionKey(dir)).rejects.toMatchObject({ code: 'keys-missing' })
  })
})
