import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Keys } from '../../src/platform/keys.ts'
import { type DiskBlobStoreOptions, openDiskBlobStore } from '../../src/store/blob-disk/disk-blob-store.ts'
import { openSqliteState, type SqliteState } from '../../src/store/sqlite/open-sqlite-state.ts'
import type { BlobStoreHarness } from '../contract/blob-store.contract.ts'
import type { SubmissionStoreHarness } from '../contract/submission-store.contract.ts'
import { ephemeralKeys } from '../support/memory-keys.ts'

/** A clock that stands still until it is moved. */
export class TestClock {
  #now = 1_000_000

  now(): number {
    return this.#now
  }

  advance(ms: number): void {
    this.#now += ms
  }
}

export function temporaryDirectory(name: string): Promise<string> {
  return mkdtemp(join(tmpdir(), `sluice-${name}-`))
}

/** All bytes of all files below `dir`, one after the other. */
export async function bytesBelow(dir: string): Promise<Buffer> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  return Buffer.concat(await Promise.all(files.map((entry) => readFile(join(entry.parentPath, entry.name)))))
}

export const SMALL_BLOBS = {
  blobChunkBytes: 4_096,
  blobSegmentMaxBytes: 64 * 1024,
  spoolFreeBytesMin: 1,
} as const

export async function diskBlobHarness(override: Partial<DiskBlobStoreOptions> = {}): Promise<BlobStoreHarness> {
  const dir = await temporaryDirectory('blobs')
  const options: DiskBlobStoreOptions = {
    dir,
    keys: ephemeralKeys().keyEncryption,
    clock: new TestClock(),
    limits: SMALL_BLOBS,
    ...override,
  }
  let store = await openDiskBlobStore(options)
  return {
    get store() {
      return store
    },
    chunkBytes: SMALL_BLOBS.blobChunkBytes,
    async reopen() {
      await store.close()
      store = await openDiskBlobStore(options)
      return store
    },
    storedBytes: () => bytesBelow(dir),
    async dispose() {
      await store.close()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

export interface SqliteHarness extends SubmissionStoreHarness {
  readonly dir: string
  readonly keys: Keys
  readonly state: SqliteState
}

export async function sqliteHarness(): Promise<SqliteHarness> {
  const dir = await temporaryDirectory('state')
  const keys = ephemeralKeys()
  const options = { dir, keys, clock: new TestClock() }
  let state = await openSqliteState(options)
  return {
    dir,
    keys,
    get state() {
      return state
    },
    get store() {
      return state.store
    },
    get audit() {
      return state.audit
    },
    async reopen() {
      await state.store.close()
      state = await openSqliteState(options)
      return state
    },
    storedBytes: () => bytesBelow(dir),
    async dispose() {
      await state.store.close()
      await rm(dir, { recursive: true, force: true })
    },
  }
}
