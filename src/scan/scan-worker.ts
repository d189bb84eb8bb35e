/** Entry of a scan worker thread: compiles the detectors once, then runs jobs, one at a time. Talks to nobody but its pool. */
import { parentPort, workerData } from 'node:worker_threads'
import { asError } from '../core/errors.ts'
import { compileDetectors } from '../detect/detect-all.ts'
import { printsIn } from '../detect/fingerprint/fingerprint-index.ts'
import { defaultExtractLimits } from '../extract/budget.ts'
import { Sandbox } from './sandbox.ts'
import { openThrough } from './sandbox-relay.ts'
import { runExtract, runScan } from './scan-job.ts'
import type { FromScanWorker, ScanResults, ScanWorkerData, ToScanWorker } from './scan-protocol.ts'

const port = parentPort
if (!port) throw new Error('scan-worker runs as a worker thread only')
const data = workerData as ScanWorkerData
const { extract: extractSettings } = data.settings
const sandbox = data.sandboxes
  ? new Sandbox(openThrough(data.sandboxes), { ...defaultExtractLimits, ...extractSettings.limits })
  : null
const { labelMap, fingerprints } = data.detectors
const settings: ScanWorkerData['settings'] = {
  ...data.settings,
  extract: {
    ...extractSettings,
    labelHeaders: labelMap ? [...labelMap.headers, ...labelMap.properties] : [],
    ...(fingerprints ? { prints: printsIn(fingerprints) } : {}),
    ...(sandbox ? { isolate: (part) => sandbox.extract(part) } : {}),
  },
}
const detectors = compileDetectors(data.detectors)

port.on('message', ({ task, job }: ToScanWorker) => {
  const work: Promise<ScanResults[keyof ScanResults]> =
    task === 'scan' ? runScan(job, detectors, settings) : runExtract(job, settings.extract)
  work.then(
    (result) => say({ kind: 'done', result }),
    (thrown: unknown) => say({ kind: 'failed', error: asError(thrown) }),
  )
})
say({ kind: 'ready', revisions: { rules: detectors.rules.revision, catalog: detectors.catalogRevision } })

function say(message: FromScanWorker): void {
  port?.postMessage(message)
}
