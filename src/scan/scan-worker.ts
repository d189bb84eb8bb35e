/** Entry of a scan worker thread: compiles the detectors once, then runs jobs. Talks to nobody but its pool. */
import { workerData } from 'piscina'
import type { Extraction } from '../core/extraction.ts'
import type { ScanReport } from '../core/report.ts'
import { compileDetectors } from '../detect/detect-all.ts'
import { defaultExtractLimits } from '../extract/budget.ts'
import { Sandbox } from './sandbox.ts'
import { runExtract, runScan, type ScanJob } from './scan-job.ts'
import type { ScanWorkerData } from './scan-pool.ts'

const data = workerData as ScanWorkerData
const { sandbox: launch, extract: extractSettings } = data.settings
const sandbox = launch ? new Sandbox(launch, { ...defaultExtractLimits, ...extractSettings.limits }) : null
const settings: ScanWorkerData['settings'] = {
  ...data.settings,
  extract: {
    ...extractSettings,
    labelHeaders: data.detectors.labelMap?.headers ?? [],
    ...(sandbox ? { isolate: (part) => sandbox.extract(part) } : {}),
  },
}
const detectors = compileDetectors(data.detectors)

export function revisions(): ScanReport['revisions'] {
  return { rules: detectors.rules.revision, catalog: detectors.catalogRevision }
}

export async function scan(job: ScanJob): Promise<ScanReport> {
  begin(job)
  return await runScan(job, detectors, settings)
}

export async function extract(job: ScanJob): Promise<Extraction> {
  begin(job)
  return await runExtract(job, settings.extract)
}

function begin(job: ScanJob): void {
  if (job.started) Atomics.store(job.started, 0, 1)
}
