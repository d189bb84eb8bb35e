import { describe } from 'vitest'
import { auditLogContract } from '../contract/audit-log.contract.ts'
import { blobStoreContract } from '../contract/blob-store.contract.ts'
import { retentionContract } from '../contract/retention.contract.ts'
import { submissionStoreContract } from '../contract/submission-store.contract.ts'
import { diskBlobHarness, sqliteHarness } from './harnesses.ts'

/** parity: one suite for every implementation of a port. A new store is a line in each list it belongs to. */
const blobStores = [['segment log on disk', () => diskBlobHarness()]] as const
const stateStores = [['SQLite', () => sqliteHarness()]] as const

describe('parity', () => {
  for (const [name, open] of blobStores) blobStoreContract(name, open)
  for (const [name, open] of stateStores) {
    submissionStoreContract(name, open)
    auditLogContract(name, open)
    retentionContract(name, open)
  }
})
