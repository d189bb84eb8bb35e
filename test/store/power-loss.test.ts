import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import type { BlobRef } from '../../src/core/submission.ts'
import { type DiskBlobStore, openDiskBlobStore } from '../../src/store/blob-disk/disk-blob-store.ts'
import { put, readAll } from '../contract/blob-store.contract.ts'
import { ephemeralKeys } from '../support/memory-keys.ts'
import { SMALL_BLOBS, TestClock, temporaryDirectory } from './harnesses.ts'
import { PowerLossFiles } from './power-loss-files.ts'

/** A small generator, so that a failing run can be repeated by its seed. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return state / 2_147_483_648
  }
}

const limits = { ...SMALL_BLOBS, blobSegmentMaxBytes: 20_000 }

/** Works like a gateway until the power goes; returns what was acknowledged and not asked to be removed. */
async function workUntilPowerLoss(
  store: DiskBlobStore,
  files: PowerLossFiles,
  random: () => number,
  acknowledged: Map<BlobRef, Buffer>,
): Promise<void> {
  let left = 20 + Math.floor(random() * 60)
  const work = async (): Promise<void> => {
    while (left > 0) {
      left -= 1
      const content = randomBytes(Math.floor(random() * 9_000))
      const ref = await put(store, content)
      acknowledged.set(ref, content)
      if (random() < 0.4) {
        const victim = [...acknowledged.keys()][Math.floor(random() * acknowledged.size)]
        if (victim) {
          acknowledged.delete(victim)
          await store.remove(victim.id)
        }
      }
      if (left <= 0) files.switchOff()
    }
  }
  await Promise.allSettled(Array.from({ length: 8 }, work))
  files.switchOff()
}

describe('250-means-durable', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'whatever power loss leaves, every acknowledged blob is there (seed %i)',
    async (seed) => {
      const dir = await temporaryDirectory('power')
      const random = randomFrom(seed)
      const keys = ephemeralKeys().keyEncryption
      const acknowledged = new Map<BlobRef, Buffer>()
      try {
        for (let round = 0; round < 4; round += 1) {
          const files = new PowerLossFiles(random)
          const store = await openDiskBlobStore({ dir, keys, clock: new TestClock(), files, limits })
          for (const [ref, content] of acknowledged) {
            expect((await readAll(store, ref)).equals(content), `round ${round}`).toBe(true)
          }
          await workUntilPowerLoss(store, files, random, acknowledged)
          await store.close()
          await files.applyLoss()
        }
        const store = await openDiskBlobStore({ dir, keys, clock: new TestClock(), limits })
        for (const [ref, content] of acknowledged) expect((await readAll(store, ref)).equals(content)).toBe(true)
        expect(acknowledged.size).toBeGreaterThan(10)
        await store.close()
      } finally {
        await rm(dir, { recursive: true, force: true })
      }
    },
  )
})
