import { randomBytes } from 'node:crypto'
import { appendFile, readdir, readFile, readlink, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { BlobRef } from '../../src/core/submission.ts'
import { createKeys, loadKeys, rotateKeyEncryptionKey } from '../../src/platform/keys.ts'
import {
  type DiskBlobStore,
  type DiskBlobStoreOptions,
  openDiskBlobStore,
} from '../../src/store/blob-disk/disk-blob-store.ts'
import { type BlobReader, openBlobReader } from '../../src/store/blob-disk/open-blob-reader.ts'
import { put, readAll } from '../contract/blob-store.contract.ts'
import { ephemeralKeys, fixedKeyEncryptionKeys } from '../support/memory-keys.ts'
import { FaultyFiles, systemError } from './faulty-files.ts'
import { SMALL_BLOBS, TestClock, temporaryDirectory } from './harnesses.ts'

/** For conditions that a busy machine may take a while to meet. */
const slow = { timeout: 10_000 }

let dir: string
let files: FaultyFiles
let clock: TestClock
let options: DiskBlobStoreOptions
let store: DiskBlobStore

beforeEach(async () => {
  dir = await temporaryDirectory('log')
  files = new FaultyFiles()
  clock = new TestClock()
  options = { dir, keys: ephemeralKeys().keyEncryption, clock, files, limits: SMALL_BLOBS }
  store = await openDiskBlobStore(options)
})
afterEach(async () => {
  await store.close()
  await rm(dir, { recursive: true, force: true })
})

async function segments(): Promise<string[]> {
  return (await readdir(dir)).filter((name) => name.startsWith('segment-')).sort()
}

async function reopen(override: Partial<DiskBlobStoreOptions> = {}): Promise<DiskBlobStore> {
  await store.close()
  store = await openDiskBlobStore({ ...options, ...override })
  return store
}

async function expectContents(expected: ReadonlyMap<BlobRef, Buffer>): Promise<void> {
  for (const [ref, content] of expected) expect((await readAll(store, ref)).equals(content)).toBe(true)
}

async function putMany(count: number, size: number): Promise<Map<BlobRef, Buffer>> {
  const written = new Map<BlobRef, Buffer>()
  for (let i = 0; i < count; i += 1) {
    const content = randomBytes(size)
    written.set(await put(store, content), content)
  }
  return written
}

/** Chunks reach the file before the commit is asked for. */
async function putInTwoSteps(content: Buffer): Promise<BlobRef> {
  const before = files.count('write')
  const writer = await store.create()
  await writer.write(content)
  await vi.waitFor(() => expect(files.count('write')).toBeGreaterThan(before), slow)
  return writer.commit()
}

describe('group commit', () => {
  it('one sync serves all that wait for it', async () => {
    await put(store, randomBytes(100))
    files.operations.length = 0
    await Promise.all(Array.from({ length: 50 }, () => put(store, randomBytes(500))))
    const syncs = files.count('sync') + files.count('write-durably')
    expect(syncs).toBeGreaterThan(0)
    expect(syncs).toBeLessThanOrEqual(5)
  })

  it('250-means-durable: content, commit record and the directory entry are synced before the reply', async () => {
    const seen: string[] = []
    files.before = ({ kind }) => void (kind === 'free-bytes' || seen.push(kind))
    await put(store, randomBytes(100))
    expect(seen).toEqual(['create', 'write', 'sync', 'sync-directory', 'write-durably'])
  })

  it('250-means-durable: a segment is synced before its successor is begun', async () => {
    const seen: string[] = []
    files.before = ({ kind, path }) => void seen.push(`${kind} ${path.slice(-5, -4)}`)
    const writer = await store.create()
    await writer.write(randomBytes(100_000))
    await writer.commit()
    const begun = seen.indexOf('create 2')
    expect(begun).toBeGreaterThan(0)
    expect(seen.slice(0, begun).lastIndexOf('sync 1')).toBeGreaterThan(seen.slice(0, begun).lastIndexOf('write 1'))
    expect(['sync 2', 'write-durably 2']).toContain(seen.at(-1))
  })

  it('250-means-durable: what was written earlier without a sync is synced with the commit', async () => {
    const content = randomBytes(9_000)
    const ref = await putInTwoSteps(content)
    expect(files.operations.slice(-2).map(({ kind }) => kind)).toEqual(['write', 'sync'])
    expect((await readAll(store, ref)).equals(content)).toBe(true)
  })

  it('does not wait for company', async () => {
    await put(store, randomBytes(100))
    files.operations.length = 0
    await put(store, randomBytes(100))
    expect(files.operations.map(({ kind }) => kind)).toEqual(['write-durably'])
  })

  it('makes writers wait for the disk instead of filling the memory', async () => {
    await reopen({ limits: { ...SMALL_BLOBS, blobPendingMaxBytes: 10_000, blobSegmentMaxBytes: 10_000_000 } })
    let largest = 0
    files.before = ({ buffers }) => {
      const bytes = (buffers ?? []).reduce((sum, buffer) => sum + buffer.length, 0)
      largest = Math.max(largest, bytes)
    }
    await put(store, randomBytes(1_000_000), 50_000)
    expect(largest).toBeGreaterThan(0)
    expect(largest).toBeLessThan(10_000 + 2 * SMALL_BLOBS.blobChunkBytes)
  })
})

describe('segments', () => {
  it('a blob may span several, interleaved with others', async () => {
    const contents = Array.from({ length: 5 }, () => randomBytes(150_000))
    const writers = await Promise.all(contents.map(() => store.create()))
    for (let at = 0; at < 150_000; at += 1_000) {
      for (const [i, writer] of writers.entries())
        await writer.write(contents[i]?.subarray(at, at + 1_000) ?? Buffer.alloc(0))
    }
    const refs = await Promise.all(writers.map((writer) => writer.commit()))
    expect((await segments()).length).toBeGreaterThan(10)
    for (const file of await segments()) {
      expect((await readFile(join(dir, file))).length).toBeLessThanOrEqual(SMALL_BLOBS.blobSegmentMaxBytes)
    }
    await reopen()
    await expectContents(new Map(refs.map((ref, i) => [ref, contents[i] ?? Buffer.alloc(0)])))
  })

  it('bounded: a record larger than a segment gets one of its own', async () => {
    await reopen({ limits: { ...SMALL_BLOBS, blobSegmentMaxBytes: 1_000 } })
    const written = await putMany(3, 10_000)
    await reopen()
    await expectContents(written)
  })

  it('are read with a bounded number of open files', async () => {
    const written = await putMany(40, 20_000)
    await reopen({ limits: { ...SMALL_BLOBS, blobOpenSegmentsMax: 2 } })
    await Promise.all(
      [...written].map(async ([ref, content]) => expect((await readAll(store, ref)).equals(content)).toBe(true)),
    )
    await vi.waitFor(async () => expect(await openSegments()).toBeLessThanOrEqual(2), slow)
  })
})

async function openSegments(): Promise<number> {
  const fds = await readdir('/proc/self/fd')
  const targets = await Promise.all(fds.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')))
  return targets.filter((target) => target.startsWith(join(dir, 'segment-'))).length
}

describe('lock', () => {
  it('refuses a second writer, and lets one in after the first has closed', async () => {
    await expect(openDiskBlobStore(options)).rejects.toMatchObject({
      code: 'locked',
      message: expect.stringContaining(dir),
    })
    await store.close()
    store = await openDiskBlobStore(options)
  })
})

describe('damage', () => {
  it('a torn tail costs nothing that was acknowledged', async () => {
    const written = await putMany(5, 3_000)
    const torn = await store.create()
    await torn.write(randomBytes(9_000))
    await store.close()
    const last = join(dir, (await segments()).at(-1) ?? '')
    const { length } = await readFile(last)
    for (const cut of [1, 17, 41]) {
      await truncate(last, length - cut)
      await reopen()
      await expectContents(written)
    }
  })

  it('a garbage tail costs nothing that was acknowledged, and later blobs are found', async () => {
    const written = await putMany(5, 3_000)
    await store.close()
    await appendFile(join(dir, (await segments()).at(-1) ?? ''), randomBytes(5_000))
    await appendFile(join(dir, (await segments()).at(-1) ?? ''), Buffer.alloc(5_000))
    await reopen()
    expect(store.recovery).toMatchObject({ blobs: 5 })
    expect(store.recovery.damagedBytes).toBeGreaterThanOrEqual(10_000)
    for (const [ref, content] of await putMany(2, 100)) written.set(ref, content)
    await reopen()
    await expectContents(written)
  })

  it('rot in the middle costs the blob it hits and no other', async () => {
    const written = [...(await putMany(9, 3_000))]
    await store.close()
    const path = join(dir, (await segments())[0] ?? '')
    const bytes = await readFile(path)
    // The fifth blob's chunk: its head and some of its content.
    const [victim] = written[4] ?? []
    const start = 16 + 4 * ((bytes.length - 16) / 9)
    bytes.fill(0xff, start, start + 60)
    await writeFile(path, bytes)
    await reopen()
    expect(store.recovery.damagedBytes).toBeGreaterThan(0)
    for (const [ref, content] of written) {
      if (ref === victim) await expect(readAll(store, ref)).rejects.toMatchObject({ code: 'blob-corrupt' })
      else expect((await readAll(store, ref)).equals(content)).toBe(true)
    }
  })

  it.each([20, 60, 120, 2_000])('a byte changed at %i of a record is never read as content', async (at) => {
    const ref = await put(store, randomBytes(3_000))
    await store.close()
    const path = join(dir, (await segments())[0] ?? '')
    const bytes = await readFile(path)
    bytes[16 + at] = (bytes[16 + at] ?? 0) ^ 1
    await writeFile(path, bytes)
    await reopen()
    await expect(readAll(store, ref)).rejects.toMatchObject({ code: 'blob-corrupt' })
  })

  it('a lost segment is a missing blob', async () => {
    const ref = await put(store, randomBytes(3_000))
    await rm(join(dir, (await segments())[0] ?? ''))
    await expect(readAll(store, ref)).rejects.toMatchObject({ code: 'blob-missing' })
  })

  it('content under a lost or another key is refused', async () => {
    const ref = await put(store, randomBytes(3_000))
    await reopen({ keys: ephemeralKeys().keyEncryption })
    await expect(readAll(store, ref)).rejects.toMatchObject({ code: 'blob-corrupt' })
    await reopen({ keys: fixedKeyEncryptionKeys(new Map([[2, randomBytes(32)]])) })
    await expect(readAll(store, ref)).rejects.toMatchObject({ code: 'key-missing' })
  })
})

describe('a failing disk', () => {
  const failing = [
    ['write', 'ENOSPC', 'spool-full'],
    ['write-durably', 'ENOSPC', 'spool-full'],
    ['write-durably', 'EIO', 'spool-failed'],
    ['sync', 'EIO', 'spool-failed'],
    ['sync', 'ENOSPC', 'spool-full'],
  ] as const

  it.each(failing)(
    'stops intake when a %s says %s, keeps what was acknowledged, and recovers unaided',
    async (kind, code, expected) => {
      const written = await putMany(3, 3_000)
      let broken = true
      files.before = (operation) => {
        if (broken && (operation.kind === kind || operation.kind === 'create')) throw systemError(code)
      }
      // A durable write needs nothing unsynced before it; the others are what a blob in several steps takes.
      const step = () => (kind === 'write-durably' ? put(store, randomBytes(3_000)) : putInTwoSteps(randomBytes(9_000)))
      const refused = await Promise.allSettled(Array.from({ length: 4 }, step))
      for (const outcome of refused) {
        expect(outcome).toMatchObject({ status: 'rejected', reason: { code: expected, temporary: true } })
      }
      await expect(store.create()).rejects.toMatchObject({ code: expected, temporary: true })
      expect(await store.usage()).toMatchObject({ healthy: false, problem: expect.stringMatching(/spool/) })
      await expectContents(written)

      clock.advance(2_000)
      await expect(store.create(), 'still broken').rejects.toMatchObject({ code: expected })

      broken = false
      clock.advance(2_000)
      for (const [ref, content] of await putMany(3, 3_000)) written.set(ref, content)
      expect((await store.usage()).healthy).toBe(true)
      await expectContents(written)
      await reopen()
      await expectContents(written)
    },
  )

  it.each(['sync', 'write-durably'])('a file whose %s failed is not touched again', async (kind) => {
    await put(store, randomBytes(10))
    let failures = 0
    files.before = (operation) => {
      if (operation.kind === kind && failures === 0) {
        failures += 1
        throw systemError('EIO')
      }
    }
    const failing = kind === 'sync' ? putInTwoSteps(randomBytes(9_000)) : put(store, randomBytes(10))
    await expect(failing).rejects.toMatchObject({ code: 'spool-failed' })
    clock.advance(2_000)
    // FaultyFiles throws when a file that failed is written or synced again.
    await put(store, randomBytes(10))
    expect(await segments()).toHaveLength(2)
  })

  it('loses the blobs that were being written, and says so', async () => {
    const small = await store.create()
    await small.write(Buffer.from('still in memory'))
    const large = await store.create()
    await large.write(randomBytes(20_000))
    let broken = true
    files.before = ({ kind }) => {
      if (broken && kind !== 'create') throw systemError('EIO')
    }
    await expect(put(store, randomBytes(10))).rejects.toMatchObject({ code: 'spool-failed' })
    broken = false
    clock.advance(2_000)
    await put(store, randomBytes(10))
    await expect(large.write(randomBytes(10))).rejects.toMatchObject({ code: 'spool-failed', temporary: true })
    await expect(large.commit()).rejects.toMatchObject({ code: 'blob-closed' })
    expect((await readAll(store, await small.commit())).toString()).toBe('still in memory')
  })

  it('fails without a word when the directory entry of a new segment cannot be synced', async () => {
    files.before = ({ kind }) => {
      if (kind === 'sync-directory') throw systemError('EIO')
    }
    await expect(put(store, randomBytes(10))).rejects.toMatchObject({ code: 'spool-failed' })
    files.before = () => undefined
    clock.advance(2_000)
    const ref = await put(store, randomBytes(10))
    await reopen()
    await readAll(store, ref)
  })

  it('recovers by itself without traffic', async () => {
    await reopen({ limits: { ...SMALL_BLOBS, blobProbeIntervalMs: 5 }, clock: { now: () => Date.now() } })
    let broken = true
    files.before = ({ kind }) => {
      if (broken && kind !== 'free-bytes') throw systemError('EIO')
    }
    await expect(put(store, randomBytes(10))).rejects.toMatchObject({ code: 'spool-failed' })
    await expect(store.create()).rejects.toMatchObject({ code: 'spool-failed' })
    const before = files.count('create')
    await vi.waitFor(() => expect(files.count('create')).toBeGreaterThan(before + 1), slow)
    broken = false
    files.operations.length = 0
    await vi.waitFor(() => expect(files.operations.map(({ kind }) => kind)).toContain('sync-directory'), slow)
    await vi.waitFor(() => put(store, randomBytes(10)), slow)
  })

  it('removals wait for the disk to come back, and hold after a restart', async () => {
    const gone = await put(store, randomBytes(100))
    const kept = await put(store, randomBytes(100))
    let broken = true
    files.before = ({ kind }) => {
      if (broken && kind !== 'create') throw systemError('ENOSPC')
    }
    await expect(put(store, randomBytes(10))).rejects.toMatchObject({ code: 'spool-full' })
    await store.remove(gone.id)
    await expect(readAll(store, gone)).rejects.toMatchObject({ code: 'blob-missing' })
    broken = false
    clock.advance(2_000)
    await put(store, randomBytes(10))
    await reopen()
    await expect(readAll(store, gone)).rejects.toMatchObject({ code: 'blob-missing' })
    await readAll(store, kept)
  })

  it('a full disk frees itself: dead segments go without a byte being written', async () => {
    const written = await putMany(60, 3_000)
    await put(store, randomBytes(10))
    expect((await segments()).length).toBeGreaterThan(2)
    let broken = true
    files.before = ({ kind }) => {
      if (broken && kind.startsWith('write')) throw systemError('ENOSPC')
    }
    await expect(put(store, randomBytes(10))).rejects.toMatchObject({ code: 'spool-full' })
    const before = (await store.usage()).usedBytes
    for (const ref of written.keys()) await store.remove(ref.id)
    clock.advance(2_000)
    await store.usage()
    expect((await store.usage()).usedBytes).toBeLessThan(before / 2)
    broken = false
    clock.advance(2_000)
    await put(store, randomBytes(10))
  })
})

describe('free space', () => {
  it('bounded: below the floor intake stops with 452-like refusals, at the floor it goes on', async () => {
    await reopen({ limits: { ...SMALL_BLOBS, spoolFreeBytesMin: 1_000_000 } })
    files.free = 1_000_000
    await put(store, randomBytes(10))
    files.free = 999_999
    clock.advance(2_000)
    await expect(store.create()).rejects.toMatchObject({ code: 'spool-full', temporary: true })
    expect(await store.usage()).toMatchObject({
      healthy: false,
      freeBytes: 999_999,
      problem: expect.stringContaining('999999'),
    })
    files.free = 1_000_000
    clock.advance(2_000)
    await put(store, randomBytes(10))
    expect((await store.usage()).healthy).toBe(true)
  })

  it('a file system that does not answer is a temporary refusal', async () => {
    clock.advance(2_000)
    files.before = ({ kind }) => {
      if (kind === 'free-bytes') throw systemError('EIO')
    }
    await expect(store.create()).rejects.toMatchObject({ code: 'spool-failed', temporary: true })
    expect(await store.usage()).toMatchObject({ healthy: false, freeBytes: 0, problem: expect.stringContaining(dir) })
  })

  it('bounded: the number of blobs has a limit', async () => {
    await reopen({ limits: { ...SMALL_BLOBS, spoolBlobsMax: 2 } })
    const first = await put(store, randomBytes(10))
    await put(store, randomBytes(10))
    await expect(store.create()).rejects.toMatchObject({ code: 'spool-full', temporary: true })
    await store.remove(first.id)
    await put(store, randomBytes(10))
  })
})

describe('compaction', () => {
  it('gives space back and keeps what is alive, also after a restart', async () => {
    const written = await putMany(60, 3_000)
    const refs = [...written.keys()]
    const before = (await store.usage()).usedBytes
    for (const [i, ref] of refs.entries()) {
      if (i % 6 === 0) continue
      await store.remove(ref.id)
      written.delete(ref)
    }
    await store.compact()
    expect((await store.usage()).usedBytes).toBeLessThan(before / 2)
    await expectContents(written)
    await reopen()
    expect(store.recovery.blobs).toBe(10)
    await expectContents(written)
    for (const ref of refs)
      if (!written.has(ref)) await expect(readAll(store, ref)).rejects.toMatchObject({ code: 'blob-missing' })
  })

  it('keeps tombstones for as long as what they bury could come back', async () => {
    const [pinned, buried] = [await put(store, randomBytes(40_000)), await put(store, randomBytes(3_000))]
    // Fills the first segment, so that the tombstone lies in a later one.
    await putMany(3, 20_000).then((more) => Promise.all([...more.keys()].map((ref) => store.remove(ref.id))))
    await store.remove(buried.id)
    for (let i = 0; i < 4; i += 1) {
      const more = await putMany(6, 20_000)
      for (const ref of more.keys()) await store.remove(ref.id)
      await store.compact()
      await reopen()
      await expect(readAll(store, buried), `round ${i}`).rejects.toMatchObject({ code: 'blob-missing' })
      expect((await readAll(store, pinned)).length).toBe(40_000)
    }
  })

  it('removes every segment but the last when nothing is alive', async () => {
    const written = await putMany(60, 3_000)
    for (const ref of written.keys()) await store.remove(ref.id)
    await store.compact()
    expect((await segments()).length).toBeLessThanOrEqual(1)
    await reopen()
    await store.compact()
    expect(await segments()).toEqual([])
  })

  it('leaves alone what is being written', async () => {
    const writer = await store.create()
    const content = randomBytes(30_000)
    await writer.write(content)
    const written = await putMany(40, 3_000)
    for (const ref of written.keys()) await store.remove(ref.id)
    await store.compact()
    const ref = await writer.commit()
    expect((await readAll(store, ref)).equals(content)).toBe(true)
    await reopen()
    expect((await readAll(store, ref)).equals(content)).toBe(true)
  })

  it.each(['the writing process', 'another process'])(
    'a reader in %s goes on while the blob moves under it',
    async (who) => {
      // With this share every complete segment is worth moving.
      await reopen({ limits: { ...SMALL_BLOBS, blobCompactLiveShareMax: 1 } })
      const content = randomBytes(300_000)
      const ref = await put(store, content)
      const reader = who === 'another process' ? openBlobReader({ dir, keys: options.keys }) : store
      const chunks: Uint8Array[] = []
      for await (const chunk of reader.read(ref)) {
        chunks.push(chunk)
        if (chunks.length !== 3 && chunks.length !== 30) continue
        const before = await segments()
        await store.compact()
        const kept = (await segments()).filter((segment) => before.includes(segment))
        expect(kept.length, 'it really moved').toBeLessThanOrEqual(1)
      }
      expect(Buffer.concat(chunks).equals(content)).toBe(true)
      expect((await readAll(reader, ref)).equals(content)).toBe(true)
      if (reader !== store) await (reader as BlobReader).close()
    },
  )

  it('a failure in the middle leaves every blob where it was', async () => {
    const written = await putMany(60, 3_000)
    for (const [i, ref] of [...written.keys()].entries()) {
      if (i % 6 === 0) continue
      await store.remove(ref.id)
      written.delete(ref)
    }
    await store.compact()
    const kept = new Map(written)
    for (const [ref, content] of await putMany(30, 3_000)) kept.set(ref, content)
    let broken = false
    files.before = ({ kind }) => {
      if (broken && (kind === 'sync' || kind === 'write-durably')) throw systemError('ENOSPC')
    }
    broken = true
    for (const [i, ref] of [...kept.keys()].entries()) {
      if (i % 4 === 0) continue
      await store.remove(ref.id)
      kept.delete(ref)
    }
    await store.compact().catch(() => undefined)
    await expectContents(kept)
    broken = false
    clock.advance(2_000)
    await put(store, randomBytes(10))
    await store.compact()
    await expectContents(kept)
    await reopen()
    await expectContents(kept)
  })

  it('does not move, nor lose, what it cannot read', async () => {
    const written = [...(await putMany(40, 3_000))]
    await store.close()
    const path = join(dir, (await segments())[0] ?? '')
    const bytes = await readFile(path)
    bytes[16 + 40 + 100] = (bytes[16 + 40 + 100] ?? 0) ^ 1
    await writeFile(path, bytes)
    await reopen()
    for (const [ref] of written.slice(2)) await store.remove(ref.id)
    await store.compact()
    expect(await segments()).toContain('segment-0000000001.log')
    const [damaged, second] = written
    await expect(readAll(store, damaged?.[0] ?? { id: '', size: 0, sha256: '' })).rejects.toMatchObject({
      code: 'blob-corrupt',
    })
    expect(
      (await readAll(store, second?.[0] ?? { id: '', size: 0, sha256: '' })).equals(second?.[1] ?? Buffer.alloc(0)),
    ).toBe(true)
  })
})

describe('retainOnly', () => {
  it('removes what no submission needs, whatever place its id names', async () => {
    const written = await putMany(20, 3_000)
    const [kept] = [...written.keys()]
    if (!kept) throw new Error('nothing was written')
    const renamed = kept.id.replace(/-[^-]+-[^-]+$/, '-zz-zz')
    expect(await store.retainOnly(new Set([renamed, 'not-an-id']))).toBe(19)
    await reopen()
    expect(store.recovery.blobs).toBe(1)
    await readAll(store, kept)
  })
})

describe('another process reads', () => {
  it('what is committed, at once and after compaction moved it', async () => {
    const reader = openBlobReader({ dir, keys: options.keys })
    const written = await putMany(60, 3_000)
    for (const [ref, content] of written) expect((await readAll(reader, ref)).equals(content)).toBe(true)
    const refs = [...written.keys()]
    for (const [i, ref] of refs.entries()) if (i % 6 !== 0) await store.remove(ref.id)
    await store.compact()
    for (const [i, ref] of refs.entries()) {
      if (i % 6 === 0) expect((await readAll(reader, ref)).equals(written.get(ref) ?? Buffer.alloc(0))).toBe(true)
    }
    const late = await put(store, randomBytes(9_000))
    expect((await readAll(reader, late)).length).toBe(9_000)
    await reader.close()
  })

  it('and is told what is missing', async () => {
    const reader = openBlobReader({ dir, keys: options.keys })
    const id = `${'0'.repeat(32)}-1-g`
    await expect(readAll(reader, { id, size: 1, sha256: '' })).rejects.toMatchObject({ code: 'blob-missing' })
    await put(store, randomBytes(100))
    await expect(readAll(reader, { id, size: 1, sha256: '' })).rejects.toMatchObject({ code: 'blob-missing' })
    await reader.close()
  })
})

describe('rotation', () => {
  it('wraps every data key anew, so that the old key can go', async () => {
    const keysDir = join(dir, 'keys')
    await createKeys(keysDir)
    const { keyEncryption } = await loadKeys(keysDir)
    await reopen({ keys: keyEncryption })
    const written = await putMany(30, 3_000)
    await rotateKeyEncryptionKey(keysDir)
    await keyEncryption.reload()
    for (const [ref, content] of await putMany(5, 3_000)) written.set(ref, content)
    expect(await store.rewrap()).toBe(30)
    expect(await store.rewrap()).toBe(0)
    await expectContents(written)

    await rm(join(keysDir, 'kek-1.key'))
    const { keyEncryption: newOnly } = await loadKeys(keysDir)
    const reader = openBlobReader({ dir, keys: newOnly })
    for (const [ref, content] of written) expect((await readAll(reader, ref)).equals(content)).toBe(true)
    await reader.close()
    await reopen({ keys: newOnly })
    await expectContents(written)
    for (const ref of written.keys()) await store.remove(ref.id)
    await reopen({ keys: newOnly })
    expect(store.recovery.blobs).toBe(0)
  })
})
