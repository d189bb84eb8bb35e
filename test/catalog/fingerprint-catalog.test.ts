import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { FingerprintCatalog, type NewDocument } from '../../src/catalog/fingerprint-catalog.ts'
import { GatewayError } from '../../src/core/errors.ts'
import { collectionsOf } from '../../src/detect/fingerprint/fingerprint-index.ts'
import {
  catalogKey,
  detect,
  document,
  type group,
  newCatalog,
  prose,
  summary,
} from '../detect/fingerprint/registered.ts'

const MANIFEST = 'documents.json'

async function found(catalog: FingerprintCatalog, text: string): Promise<(string | undefined)[]> {
  const index = await catalog.open()
  return index ? detect(index, text).matches.map((match) => match.document) : []
}

async function segments(dir: string): Promise<string[]> {
  return (await readdir(dir)).filter((file) => file.endsWith('.prints')).sort()
}

async function manifest(dir: string): Promise<{ segments: { file: string; documents: number; dead: number[] }[] }> {
  return JSON.parse(await readFile(join(dir, MANIFEST), 'utf8')) as Awaited<ReturnType<typeof manifest>>
}

async function failure(work: Promise<unknown>): Promise<unknown> {
  const error: unknown = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(GatewayError)
  return error
}

describe('the catalogue of documents', () => {
  it('is empty before anything is registered', async () => {
    const { catalog } = await newCatalog()
    expect(await catalog.list()).toEqual([])
    expect(await catalog.open()).toBeNull()
    expect(await catalog.remove('plans')).toBe(0)
  })

  it('lists what was registered, as it was registered', async () => {
    const { catalog } = await newCatalog()
    const more = {
      label: 'secret',
      owner: 'design@example.com',
      sensitivity: 'high',
      partners: ['suppliers'],
    } as const
    await catalog.add([document('b.txt', prose(100, 'b'), more), document('a.txt', prose(50, 'a'))], 1_700_000_000_123)
    const rows = await catalog.list()
    expect(rows).toMatchObject([
      {
        name: 'a.txt',
        collection: 'plans',
        words: 50,
        label: null,
        owner: null,
        sensitivity: null,
        partners: [],
        ignore: false,
      },
      { name: 'b.txt', collection: 'plans', words: 100, addedAt: 1_700_000_000_123, ...more },
    ])
    expect(rows[1]?.shingles).toBeGreaterThan(30)
    expect(rows[0]?.file).toMatch(/^[0-9a-f]{32}$/)
  })

  it('leaves an unchanged document alone and replaces a changed one', async () => {
    const { catalog, dir } = await newCatalog()
    expect(await catalog.add([document('a', prose(50, 'old'))], 1)).toBe(1)
    const before = await readFile(join(dir, MANIFEST), 'utf8')
    expect(await catalog.add([document('a', prose(50, 'old'))], 2)).toBe(0)
    expect(await readFile(join(dir, MANIFEST), 'utf8')).toBe(before)
    expect(await catalog.add([document('a', prose(50, 'new'))], 3)).toBe(1)
    expect(await catalog.list()).toMatchObject([{ name: 'a', addedAt: 3 }])
    expect(await found(catalog, prose(50, 'old'))).toEqual([])
    expect(await found(catalog, prose(50, 'new'))).toEqual(['a'])
  })

  it.each<[string, Partial<ReturnType<typeof group>>]>([
    ['label', { label: 'secret' }],
    ['owner', { owner: 'someone' }],
    ['sensitivity', { sensitivity: 'low' }],
    ['partners', { partners: ['x'] }],
    ['ignore', { ignore: true }],
  ])('a document with another %s is another document', async (_name, more) => {
    const { catalog } = await newCatalog()
    await catalog.add([document('a', prose(50))], 1)
    const revision = (await catalog.open())?.revision
    expect(await catalog.add([document('a', prose(50), more)], 2)).toBe(1)
    expect(await catalog.list()).toMatchObject([{ name: 'a', ...more }])
    expect((await catalog.open())?.revision).not.toBe(revision)
  })

  it('tells beforehand what is registered as it is', async () => {
    const { catalog } = await newCatalog()
    await catalog.add([document('a', prose(50)), document('gone', prose(50, 'g'))], 1)
    await catalog.remove('plans', new Set(['gone']))
    const unchanged = await catalog.unchanged()
    expect(unchanged(document('a', prose(50)))).toBe(true)
    expect(unchanged(document('a', prose(51)))).toBe(false)
    expect(unchanged(document('a', prose(50), { owner: 'x' }))).toBe(false)
    expect(unchanged(document('a', prose(50), { collection: 'other' }))).toBe(false)
    expect(unchanged(document('gone', prose(50, 'g')))).toBe(false)
  })

  it('of two documents of one name takes the last', async () => {
    const { catalog } = await newCatalog()
    expect(await catalog.add([document('a', prose(50, 'x')), document('a', prose(50, 'y'))], 1)).toBe(1)
    expect(await found(catalog, `${prose(50, 'x')} ${prose(50, 'y')}`)).toEqual(['a'])
    expect(await found(catalog, prose(50, 'x'))).toEqual([])
  })

  it('removes a collection, or documents of it', async () => {
    const { catalog, dir } = await newCatalog()
    await catalog.add(
      ['a', 'b', 'c'].map((name) => document(name, prose(50, name))),
      1,
    )
    await catalog.add([document('d', prose(50, 'd'), { collection: 'papers' })], 1)
    expect(await catalog.remove('plans', new Set(['b', 'no such']))).toBe(1)
    expect((await catalog.list()).map((row) => row.name)).toEqual(['d', 'a', 'c'])
    expect(await found(catalog, prose(50, 'b'))).toEqual([])
    const index = await catalog.open()
    expect(index && collectionsOf(index)).toEqual(['papers', 'plans'])
    expect(await catalog.remove('plans')).toBe(2)
    expect(await catalog.remove('plans')).toBe(0)
    expect(await catalog.remove('papers')).toBe(1)
    expect(await catalog.open()).toBeNull()
    expect(await segments(dir)).toEqual([])
  })

  it('has one revision for one content, however it came about', async () => {
    const [one, other] = [await newCatalog(), await newCatalog()]
    await one.catalog.add(
      ['a', 'b', 'c'].map((name) => document(name, prose(50, name))),
      1,
    )
    for (const name of ['x', 'c', 'a', 'b']) await other.catalog.add([document(name, prose(50, name))], 9)
    const different = (await other.catalog.open())?.revision
    await other.catalog.remove('plans', new Set(['x']))
    expect((await one.catalog.open())?.revision).toBe((await other.catalog.open())?.revision)
    expect(different).not.toBe((await one.catalog.open())?.revision)
    expect(different).toMatch(/^[0-9a-f]{16}$/)
  })

  it('keeps files without text', async () => {
    const { catalog } = await newCatalog()
    await catalog.add([{ ...document('fw.bin', 'x'), texts: [] }], 1)
    expect(await catalog.list()).toMatchObject([{ name: 'fw.bin', shingles: 0, words: 0 }])
    expect(await catalog.open()).not.toBeNull()
  })

  it('answers as if it were one list, whatever is added, replaced and removed', async () => {
    const step = fc.record({
      name: fc.integer({ min: 0, max: 30 }),
      version: fc.integer({ min: 0, max: 3 }),
      remove: fc.boolean(),
    })
    const text = (name: number, version: number) => prose(15, `n${name}v${version}x`)
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 30 }), async (steps) => {
        const { catalog, dir } = await newCatalog()
        const model = new Map<string, number>()
        for (const { name, version, remove } of steps) {
          if (remove) {
            expect(await catalog.remove('plans', new Set([`${name}`]))).toBe(model.delete(`${name}`) ? 1 : 0)
          } else {
            const changed = model.get(`${name}`) !== version
            expect(await catalog.add([document(`${name}`, text(name, version))], 1)).toBe(changed ? 1 : 0)
            model.set(`${name}`, version)
          }
        }
        expect((await catalog.list()).map((row) => row.name).sort()).toEqual([...model.keys()].sort())
        for (let name = 0; name <= 30; name++) {
          const version = model.get(`${name}`)
          for (let v = 0; v <= 3; v++)
            expect(await found(catalog, text(name, v))).toEqual(v === version ? [`${name}`] : [])
        }
        await rm(dir, { recursive: true })
      }),
      { numRuns: 3 },
    )
  })
})

describe('segments', () => {
  it('are merged when there are many, and what was replaced goes', async () => {
    const { catalog, dir } = await newCatalog()
    for (let i = 0; i < 40; i++) await catalog.add([document(`d${i % 25}`, prose(60, `t${i}x`))], i)
    expect((await segments(dir)).length).toBeLessThan(15)
    expect((await catalog.list()).length).toBe(25)
    for (let i = 15; i < 40; i++) expect(await found(catalog, prose(60, `t${i}x`))).toEqual([`d${i % 25}`])
    for (let i = 0; i < 15; i++) expect(await found(catalog, prose(60, `t${i}x`))).toEqual([])
    expect((await catalog.list()).find((row) => row.name === 'd3')).toMatchObject({ addedAt: 28, words: 60 })
  })

  it('of what is ignored stay apart', async () => {
    const { catalog } = await newCatalog()
    for (let i = 0; i < 20; i++)
      await catalog.add([document(`d${i}`, prose(60, `t${i}x`), { ignore: i % 2 === 0, owner: `o${i % 3}` })], i)
    for (let i = 0; i < 20; i++) expect(await found(catalog, prose(60, `t${i}x`))).toEqual(i % 2 === 0 ? [] : [`d${i}`])
    expect((await catalog.list()).find((row) => row.name === 'd7')).toMatchObject({ owner: 'o1', ignore: false })
  })

  it('are not touched by adding one more document', async () => {
    const { catalog, dir } = await newCatalog()
    await catalog.add(
      Array.from({ length: 300 }, (_, i) => document(`d${i}`, prose(200, `t${i}x`))),
      1,
    )
    const [big = ''] = await segments(dir)
    const before = await stat(join(dir, big))
    await catalog.add([document('one more', prose(50))], 2)
    const after = await stat(join(dir, big))
    expect({ ino: after.ino, mtimeMs: after.mtimeMs }).toEqual({ ino: before.ino, mtimeMs: before.mtimeMs })
    const added = (await segments(dir)).filter((file) => file !== big)
    expect((await stat(join(dir, added[0] ?? ''))).size).toBeLessThan(before.size / 100)
  })

  it('with more dead than living are rewritten', async () => {
    const { catalog, dir } = await newCatalog()
    await catalog.add(
      Array.from({ length: 10 }, (_, i) => document(`d${i}`, prose(60, `t${i}x`))),
      1,
    )
    await catalog.remove('plans', new Set(['d0', 'd1', 'd2', 'd3', 'd4']))
    expect((await manifest(dir)).segments).toMatchObject([{ documents: 10, dead: [0, 1, 2, 3, 4] }])
    await catalog.remove('plans', new Set(['d9']))
    expect((await manifest(dir)).segments).toMatchObject([{ documents: 4, dead: [] }])
    expect(await found(catalog, prose(60, 't5x'))).toEqual(['d5'])
  })
})

describe('the files', () => {
  it('hold no text, no hash of a file, and are the owner’s alone', async () => {
    const { catalog, dir } = await newCatalog()
    const secret = document(
      'a.txt',
      `Operation Nightjar begins at dawn on the northern quay ${prose(50, 'secretword')}`,
    )
    await catalog.add([secret], 1)
    for (const file of await readdir(dir)) {
      const bytes = await readFile(join(dir, file))
      for (const text of ['Nightjar', 'nightjar', 'northern', 'secretword1', secret.sha256])
        expect(bytes.includes(text), `${file} has ${text}`).toBe(false)
      expect(bytes.includes(Buffer.from(secret.sha256, 'hex'))).toBe(false)
      expect((await stat(join(dir, file))).mode & 0o077).toBe(0)
    }
  })

  it('are of no use with another key', async () => {
    const { catalog, dir } = await newCatalog()
    await catalog.add([document('a', prose(200))], 1)
    const thief = new FingerprintCatalog(dir, new Uint8Array(32).fill(6))
    expect(await failure(thief.open())).toMatchObject({ code: 'catalog-key', temporary: false })
    expect(await failure(thief.list())).toMatchObject({ code: 'catalog-key' })
    expect(await found(catalog, prose(200))).toEqual(['a'])
    const [own] = await catalog.list()
    const elsewhere = await newCatalog()
    const other = new FingerprintCatalog(elsewhere.dir, new Uint8Array(32).fill(6))
    await other.add([document('a', prose(200))], 1)
    expect((await other.list())[0]?.file).not.toBe(own?.file)
  })

  it('tell no name of a document, a collection or its people, merged or not', async () => {
    const { catalog, dir } = await newCatalog()
    const more = {
      collection: 'merger-papers',
      owner: 'owner@example.com',
      label: 'secret-label',
      partners: ['lawyers'],
    }
    for (let i = 0; i < 9; i++) await catalog.add([document(`contract-${i}.docx`, prose(100, `t${i}`), more)], 1)
    await catalog.remove('merger-papers', new Set(['contract-3.docx']))
    expect((await catalog.list()).map((row) => row.name)).toContain('contract-8.docx')
    for (const file of await readdir(dir)) {
      const bytes = (await readFile(join(dir, file))).toString('latin1')
      for (const name of ['contract', 'docx', 'merger', 'owner', 'secret-label', 'lawyers'])
        expect(bytes).not.toContain(name)
    }
  })

  it('that a crash left behind are passed over and cleared away', async () => {
    const { catalog, dir } = await newCatalog()
    await catalog.add([document('a', prose(50))], 1)
    const orphan = '00000000-0000-0000-0000-000000000000.prints'
    const left = [orphan, `.${orphan}.x.tmp`, '.documents.json.x.tmp']
    for (const file of left) await writeFile(join(dir, file), 'half')
    await writeFile(join(dir, 'customers.exact'), 'another catalogue’s')
    expect(await found(catalog, prose(50))).toEqual(['a'])
    await catalog.add([document('b', prose(50, 'b'))], 2)
    const files = await readdir(dir)
    for (const file of left) expect(files).not.toContain(file)
    expect(files).toContain('customers.exact')
  })

  it.each<[string, (dir: string, file: string) => Promise<void>]>([
    ['a manifest that is no JSON', (dir) => writeFile(join(dir, MANIFEST), '{"version":2')],
    ['a manifest of another version', (dir) => writeFile(join(dir, MANIFEST), '{"version":3,"segments":[]}')],
    [
      'a manifest that names another folder',
      (dir) =>
        writeFile(
          join(dir, MANIFEST),
          '{"version":2,"segments":[{"file":"../../x.prints","ignore":false,"documents":1,"hashes":1,"dead":[]}]}',
        ),
    ],
    ['a segment that is gone', (dir, file) => rm(join(dir, file))],
    ['a segment that is empty', (dir, file) => truncate(join(dir, file), 0)],
    [
      'a segment that is cut off',
      async (dir, file) => truncate(join(dir, file), (await stat(join(dir, file))).size - 1),
    ],
    [
      'a segment that is cut in half',
      async (dir, file) => truncate(join(dir, file), (await stat(join(dir, file))).size >> 1),
    ],
    ['a segment of something else', (dir, file) => writeFile(join(dir, file), 'x'.repeat(10_000))],
  ])('%s is said to be damaged, never taken for less', async (_name, damage) => {
    const { catalog, dir } = await newCatalog()
    await catalog.add([document('a', prose(500))], 1)
    const [file = ''] = await segments(dir)
    await damage(dir, file)
    const reader = new FingerprintCatalog(dir, catalogKey)
    expect(await failure(reader.open())).toMatchObject({ code: 'catalog-damaged', temporary: false })
    expect(await failure(reader.list())).toMatchObject({ code: 'catalog-damaged' })
  })

  it('with any byte changed are said to be damaged', async () => {
    const { catalog, dir } = await newCatalog()
    await catalog.add([document('a', prose(60))], 1)
    const [file = ''] = await segments(dir)
    const good = await readFile(join(dir, file))
    for (let at = 0; at < good.length; at += 5) {
      const bad = Buffer.from(good)
      bad[at] = (bad[at] ?? 0) ^ 0x41
      await writeFile(join(dir, file), bad)
      const error: unknown = await catalog.open().catch((thrown: unknown) => thrown)
      expect(error, `byte ${at} of ${good.length}`).toMatchObject({ code: 'catalog-damaged' })
    }
  })
})

describe('writers', () => {
  it('at the same time lose nothing', async () => {
    const { catalog, dir } = await newCatalog()
    const other = new FingerprintCatalog(dir, catalogKey)
    await Promise.all(
      Array.from({ length: 12 }, (_, i) => (i % 2 ? catalog : other).add([document(`d${i}`, prose(30, `t${i}x`))], i)),
    )
    expect(await catalog.list()).toHaveLength(12)
  })

  it('do not disturb readers', async () => {
    const { catalog, dir } = await newCatalog()
    await catalog.add([document('kept', prose(50, 'kept'))], 1)
    const reader = new FingerprintCatalog(dir, catalogKey)
    const writing = (async () => {
      for (let i = 0; i < 20; i++) await catalog.add([document(`d${i}`, prose(30, `t${i}x`))], i)
    })()
    for (let i = 0; i < 20; i++) expect(await found(reader, prose(50, 'kept'))).toEqual(['kept'])
    await writing
  })

  it('take over the lock of a process that died, and wait for one that lives', async () => {
    const { catalog, dir } = await newCatalog()
    const lock = join(dir, '.lock')
    const child: ChildProcess = spawn(process.execPath, ['-e', 'process.stdin.resume()'], {
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    await writeFile(lock, `${child.pid} ${hostname()}\n`)
    const looks = vi.spyOn(process, 'kill')
    let added = false
    const adding = catalog.add([document('a', prose(30))], 1).then(() => {
      added = true
    })
    const looked = () => looks.mock.calls.filter(([pid]) => pid === child.pid).length
    await vi.waitFor(() => expect(looked()).toBeGreaterThanOrEqual(3))
    expect(added).toBe(false)
    looks.mockRestore()
    const exited = once(child, 'exit')
    child.kill()
    await exited
    await adding
    expect(await catalog.list()).toHaveLength(1)
    await expect(stat(lock)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('take over the lock of a former process with their own number', async () => {
    const { catalog, dir } = await newCatalog()
    await writeFile(join(dir, '.lock'), `${process.pid} ${hostname()}\n`)
    expect(await catalog.add([document('a', prose(30))], 1)).toBe(1)
  })
})

describe('documents as they were registered', () => {
  it('are found with their own share', async () => {
    const { catalog } = await newCatalog()
    const documents: NewDocument[] = [
      {
        ...document('two parts', prose(100, 'p')),
        texts: [Buffer.from(prose(100, 'p')), Buffer.from(prose(100, 'q'))],
      },
    ]
    await catalog.add(documents, 1)
    const index = await catalog.open()
    if (!index) throw new Error('nothing registered')
    const [match] = detect(index, prose(100, 'q')).matches.map(summary)
    expect(match?.containment).toBeCloseTo(0.5, 1)
  })
})
