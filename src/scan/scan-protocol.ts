import type { MessagePort } from 'node:worker_threads'
import type { Extraction } from '../core/extraction.ts'
import type { ScanReport } from '../core/report.ts'
import type { DetectorSources } from '../detect/detect-all.ts'
import type { ScanJob, ScanSettings } from './scan-job.ts'

/** What the pool and its worker threads say to each other. */

/** What a worker is started with; all of it can be cloned or is shared memory. */
export interface ScanWorkerData {
  readonly detectors: DetectorSources
  readonly settings: ScanSettings
  /** Where sandboxes are started; null: hostile formats are read in the worker. */
  readonly sandboxes: MessagePort | null
}

/** What a job asks for, and what comes back for it. */
export interface ScanResults {
  readonly scan: ScanReport
  readonly extract: Extraction
}

export interface ToScanWorker {
  readonly task: keyof ScanResults
  readonly job: ScanJob
}

export type FromScanWorker =
  /** Once, when everything is compiled: from here on a job begins when it is handed over. */
  | { readonly kind: 'ready'; readonly revisions: ScanReport['revisions'] }
  /** A job waits for a sandbox to start, or does so no longer: that time is none of its own. */
  | { readonly kind: 'sandbox'; readonly isStarting: boolean }
  | { readonly kind: 'done'; readonly result: ScanResults[keyof ScanResults] }
  | { readonly kind: 'failed'; readonly error: Error }
