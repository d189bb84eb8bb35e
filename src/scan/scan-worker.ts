/** Entry of a scan worker thread: compiles the detectors once, then runs jobs, one at a time. Talks to nobody but its pool. */
import { isMarkedAsUntransferable, parentPort, workerData } from 'node:worker_threads'
import { asError } from '../core/errors.ts'
import type { Extraction } from '../core/extraction.ts'
import { compileDetectors } from '../detect/detect-all.ts'
import { printsIn } from '../detect/fingerprint/fingerprint-index.ts'
import { defaultExtractLimits } from '../extract/budget.ts'
import { Sandbox } from './sandbox.ts'
import { openThrough } from './sandbox-relay.ts'
import { runExtract, runScan } from './scan-job.ts'
import type { FromScanWorker, ScanWorkerData, ToScanWorker } from './scan-protocol.ts'

const port = parentPort
if (!port) throw new Error('scan-worker runs as a worker thread only')
const data = workerData as ScanWorkerData
const { extract: extractSettings, sandbox: launch } = data.settings
const { sandboxes } = data
const sandbox =
  sandboxes && launch
    ? new Sandbox(
        openThrough(sandboxes),
        { ...defaultExtractLimits, ...extractSettings.limits },
        launch.memoryMaxBytes,
        (isStarting) => say({ kind: 'sandbox', isStarting }),
      )
    : null
const { labelMap, fingerprints } = data.detectors
const settings: ScanWorkerData['settings'] = {
  ...data.settings,
  extract: {
    ...extractSettings,
    labelHeaders: labelMap ? [...labelMap.headers, ...labelMap.properties] : [],
    ...(fingerprints ? { prints: printsIn(fingerprints) } : {}),
    ...(sandbox ? { isolate: (part, sink) => sandbox.extract(part, sink) } : {}),
  },
}
const detectors = compileDetectors(data.detectors)

let last: Promise<void> = Promise.resolve()
port.on('message', (message: ToScanWorker) => {
  last = last.then(() => work(message))
})
say({ kind: 'ready', revisions: { rules: detectors.rules.revision, catalog: detectors.catalogRevision } })

async function work({ task, job }: ToScanWorker): Promise<void> {
  try {
    if (task === 'scan') say({ kind: 'done', result: await runScan(job, detectors, settings) })
    else {
      const result = await runExtract(job, settings.extract)
      say({ kind: 'done', result }, buffersOf(result))
    }
  } catch (thrown) {
    say({ kind: 'failed', error: asError(thrown) })
  }
}

/** Memory of the texts, so that it is handed over instead of copied: nobody here reads them any more. */
function buffersOf({ texts }: Extraction): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>()
  // Small texts stand in a pool that is shared and stays here.
  for (const { utf8 } of texts)
    if (utf8.buffer instanceof ArrayBuffer && !isMarkedAsUntransferable(utf8.buffer)) buffers.add(utf8.buffer)
  return [...buffers]
}

function say(message: FromScanWorker, transfer: readonly ArrayBuffer[] = []): void {
  port?.postMessage(message, transfer)
}
