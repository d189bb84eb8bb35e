/**
 * Run as a process of its own by crash.test.ts, which kills it: writes blobs and submissions as fast as it can and
 * says on stdout what was acknowledged, one line each, before anything else happens.
 */
import { writeSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../../src/platform/clock.ts'
import { loadKeys } from '../../src/platform/keys.ts'
import { openDiskBlobStore } from '../../src/store/blob-disk/disk-blob-store.ts'
import { openSqliteState } from '../../src/store/sqlite/open-sqlite-state.ts'
import { put } from '../contract/blob-store.contract.ts'
import { creation, sampleDecision, sampleReport, sampleSubmission } from '../contract/sample-submissions.ts'
import { contentOf } from './crash-content.ts'
import { SMALL_BLOBS } from './harnesses.ts'

const [dir = '', round = ''] = process.argv.slice(2)
const keys = await loadKeys(join(dir, 'keys'))
const limits = { ...SMALL_BLOBS, blobSegmentMaxBytes: 200_000 }
const blobs = await openDiskBlobStore({ dir: join(dir, 'spool'), keys: keys.keyEncryption, clock: systemClock, limits })
const { store } = await openSqliteState({ dir: join(dir, 'state'), keys, clock: systemClock })

function say(line: object): void {
  writeSync(1, `${JSON.stringify(line)}\n`)
}

async function work(worker: number): Promise<void> {
  for (let i = 0; ; i += 1) {
    const id = `r${round}-w${worker}-${i}`
    const blob = await put(blobs, contentOf(id))
    await store.transition(creation(id, { create: sampleSubmission(id, { blob }) }))
    say({ kind: 'accepted', id, blob })
    const decision = sampleDecision()
    const report = sampleReport('…')
    const audit = { event: 'decided', actor: 'policy', details: {} } as const
    const to = i % 3 === 0 ? 'done' : 'held'
    await store.transition({
      id,
      from: 'received',
      version: 1,
      to,
      at: 2,
      audit,
      decision,
      report,
      nextAttemptAt: null,
    })
    say({ kind: 'decided', id, state: to })
    if (to !== 'done') continue
    say({ kind: 'removing', id })
    await blobs.remove(blob.id)
    await store.contentRemoved([id])
  }
}

await Promise.all(Array.from({ length: 12 }, (_, worker) => work(worker)))
