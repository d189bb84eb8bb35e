import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { BlobRef } from '../../src/core/submission.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { createKeys, type Keys, loadKeys } from '../../src/platform/keys.ts'
import { openDiskBlobStore } from '../../src/store/blob-disk/disk-blob-store.ts'
import { openSqliteState } from '../../src/store/sqlite/open-sqlite-state.ts'
import { readAll } from '../contract/blob-store.contract.ts'
import { contentOf } from './crash-content.ts'
import { SMALL_BLOBS, temporaryDirectory } from './harnesses.ts'

interface Acknowledged {
  blob: BlobRef
  state: 'received' | 'done' | 'held'
  removing: boolean
}

type Line =
  | { kind: 'accepted'; id: string; blob: BlobRef }
  | { kind: 'decided'; id: string; state: 'done' | 'held' }
  | { kind: 'removing'; id: string }

/** Rounds on the same data; the nightly run asks for more. */
const ROUNDS = Number(process.env.SLUICE_CRASH_ROUNDS ?? 6)

describe('SIGKILL in the middle of writing', () => {
  let dir: string
  let keys: Keys
  const acknowledged = new Map<string, Acknowledged>()

  beforeAll(async () => {
    dir = await temporaryDirectory('crash')
    await createKeys(join(dir, 'keys'))
    keys = await loadKeys(join(dir, 'keys'))
  })
  afterAll(() => rm(dir, { recursive: true, force: true }))

  function note(line: Line): void {
    if (line.kind === 'accepted') acknowledged.set(line.id, { blob: line.blob, state: 'received', removing: false })
    const known = acknowledged.get(line.id)
    if (!known) return
    if (line.kind === 'decided') known.state = line.state
    if (line.kind === 'removing') known.removing = true
  }

  async function runAndKill(round: number, after: number): Promise<void> {
    const script = join(import.meta.dirname, 'crash-writer.ts')
    const child: ChildProcessByStdio<null, Readable, null> = spawn(process.execPath, [script, dir, String(round)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const exited = once(child, 'exit')
    let lines = 0
    for await (const line of createInterface({ input: child.stdout })) {
      note(JSON.parse(line) as Line)
      lines += 1
      if (lines === after) child.kill('SIGKILL')
    }
    const [, signal] = await exited
    expect(signal, 'it was killed and did not end by itself').toBe('SIGKILL')
  }

  async function check(): Promise<void> {
    const limits = { ...SMALL_BLOBS, blobSegmentMaxBytes: 200_000 }
    const blobs = await openDiskBlobStore({
      dir: join(dir, 'spool'),
      keys: keys.keyEncryption,
      clock: systemClock,
      limits,
    })
    const { store, audit } = await openSqliteState({ dir: join(dir, 'state'), keys, clock: systemClock })
    try {
      for (const [id, { blob, state, removing }] of acknowledged) {
        const record = await store.get(id)
        expect(record?.submission.blob, id).toEqual(blob)
        // The step after the last acknowledged one may have been committed just before the kill.
        if (state !== 'received') expect(record?.submission.state, id).toBe(state)
        if (!removing && state !== 'done') expect((await readAll(blobs, blob)).equals(contentOf(id)), id).toBe(true)
      }
      expect(await audit.verify()).toMatchObject({ ok: true })
      await blobs.retainOnly(await store.liveBlobs())
      expect((await blobs.usage()).healthy).toBe(true)
    } finally {
      await blobs.close()
      await store.close()
    }
  }

  it(`loses nothing acknowledged over ${ROUNDS} kills, and the audit chain stays whole`, {
    timeout: 20_000 * ROUNDS,
  }, async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      await runAndKill(round, 20 + Math.floor(Math.random() * 600))
      await check()
    }
    expect(acknowledged.size).toBeGreaterThan(ROUNDS * 5)
  })
})
