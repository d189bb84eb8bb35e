/**
 * The scan pool: worker threads that extract and detect, each job under a deadline. A job that hangs or dies takes
 * only its worker with it; its message gets a report that says `timeout` or `corrupt`, never a clean one. Keys of the
 * spool are not here; the one key inside is that of the finding HMACs. Loading new rules swaps the whole pool at once.
 */
import { hash } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { Piscina } from 'piscina'
import { asError, GatewayError } from '../core/errors.ts'
import type { Extraction, UninspectedReason } from '../core/extraction.ts'
import type { ScanReport } from '../core/report.ts'
import type { DetectorSources } from '../detect/detect-all.ts'
import type { ScanJob, ScanSettings } from './scan-job.ts'

export interface ScanPoolOptions {
  /** Worker threads; default one per core. */
  readonly threads?: number
  /** A job past it is killed with its worker. */
  readonly deadlineMs: number
  /** JavaScript heap of one worker. */
  readonly memoryMaxBytes: number
  readonly detectors: DetectorSources
  readonly settings: ScanSettings
  /** Told when a worker had to be killed or died. */
  readonly onCrash?: (problem: 'timeout' | 'crash', detail: string) => void
}

/** What a worker is started with; all of it can be cloned or is shared memory. */
export interface ScanWorkerData {
  readonly detectors: DetectorSources
  readonly settings: ScanSettings
}

export class ScanPool {
  readonly #options: ScanPoolOptions
  #pool: Piscina
  #revisions: ScanReport['revisions']

  private constructor(options: ScanPoolOptions, pool: Piscina, revisions: ScanReport['revisions']) {
    this.#options = options
    this.#pool = pool
    this.#revisions = revisions
  }

  /** Starts the workers and waits until one has compiled everything. Throws what a bad detector source throws. */
  static async start(options: ScanPoolOptions): Promise<ScanPool> {
    const pool = open(options, options.detectors)
    return new ScanPool(options, pool, await warmUp(pool))
  }

  get revisions(): ScanReport['revisions'] {
    return this.#revisions
  }

  /** Takes over `job.bytes` (they are transferred). Throws a GatewayError only when the pool itself can't work. */
  async scan(job: ScanJob): Promise<ScanReport> {
    const identity = { size: job.bytes.length, sha256: hash('sha256', job.bytes) }
    try {
      return await this.#run<ScanReport>(job, 'scan')
    } catch (thrown) {
      const { reason, detail } = this.#judgeFailure(asError(thrown))
      return sealedReport(job, identity, reason, detail, this.#revisions)
    }
  }

  /** Extraction alone, with texts, for `sluice extract`. */
  async extract(job: ScanJob): Promise<Extraction> {
    const identity = { size: job.bytes.length, sha256: hash('sha256', job.bytes) }
    try {
      return await this.#run<Extraction>({ ...job, textsOnly: true }, 'extract')
    } catch (thrown) {
      const { reason, detail } = this.#judgeFailure(asError(thrown))
      const { parts, uninspected } = sealedReport(job, identity, reason, detail, this.#revisions)
      return { parts, uninspected, texts: [], labels: [] }
    }
  }

  /** Compiles new detectors in new workers, then switches; jobs under way end on the old ones. On failure the old stay. */
  async reload(detectors: DetectorSources): Promise<void> {
    const fresh = open(this.#options, detectors)
    let revisions: ScanReport['revisions']
    try {
      revisions = await warmUp(fresh)
    } catch (thrown) {
      await fresh.destroy()
      throw thrown
    }
    const old = this.#pool
    this.#pool = fresh
    this.#revisions = revisions
    await old.close()
  }

  async close(): Promise<void> {
    await this.#pool.destroy()
  }

  async #run<T>(job: ScanJob, name: 'scan' | 'extract'): Promise<T> {
    const pool = this.#pool
    const controller = new AbortController()
    const timer = setTimeout(() => controller.abort(), this.#options.deadlineMs)
    const whole = job.bytes.byteOffset === 0 && job.bytes.byteLength === job.bytes.buffer.byteLength
    const bytes = whole ? job.bytes : job.bytes.slice()
    try {
      return (await pool.run(
        { ...job, bytes },
        { name, signal: controller.signal, transferList: [bytes.buffer as ArrayBuffer] },
      )) as T
    } finally {
      clearTimeout(timer)
    }
  }

  #judgeFailure(error: Error): { reason: UninspectedReason; detail: string } {
    if (error.name === 'AbortError') {
      this.#options.onCrash?.('timeout', `killed after ${this.#options.deadlineMs} ms`)
      return { reason: 'timeout', detail: `scan killed after ${this.#options.deadlineMs} ms` }
    }
    if (/queue is at limit|closing|terminated/i.test(error.message) && !/memory|heap/i.test(error.message)) {
      throw new GatewayError('scan-unavailable', {
        temporary: true,
        publicMessage: 'The message could not be inspected, try again later.',
        cause: error,
      })
    }
    const memory = /memory|heap/i.test(error.message)
    this.#options.onCrash?.('crash', memory ? 'out of memory' : error.name)
    return memory
      ? { reason: 'too-large', detail: 'scan ran out of memory' }
      : { reason: 'corrupt', detail: 'scan worker failed' }
  }
}

/** How long jobs may queue in front of the workers is bounded by how many are active; this is the backstop. */
const QUEUE_MAX = 10_000
const IDLE_MS = 60_000

function open(options: ScanPoolOptions, detectors: DetectorSources): Piscina {
  const here = import.meta.url
  const data: ScanWorkerData = { detectors, settings: options.settings }
  return new Piscina({
    filename: new URL(here.endsWith('.ts') ? './scan-worker.ts' : './scan-worker.js', here).href,
    workerData: data,
    minThreads: 1,
    maxThreads: options.threads ?? availableParallelism(),
    idleTimeout: IDLE_MS,
    maxQueue: QUEUE_MAX,
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: Math.floor(options.memoryMaxBytes / 1024 / 1024) },
  })
}

async function warmUp(pool: Piscina): Promise<ScanReport['revisions']> {
  return (await pool.run(null, { name: 'revisions' })) as ScanReport['revisions']
}

/** What is said of content whose scan did not come back: one part, not inspected. */
function sealedReport(
  job: ScanJob,
  { size, sha256 }: { size: number; sha256: string },
  reason: UninspectedReason,
  detail: string,
  revisions: ScanReport['revisions'],
): ScanReport {
  const path = job.as === 'mail' ? 'mail' : (job.filename ?? 'upload')
  const type = job.as === 'mail' ? 'message/rfc822' : 'application/octet-stream'
  return {
    parts: [
      {
        id: 0,
        parent: null,
        path,
        filename: job.filename,
        declaredType: job.declaredType,
        sniffedType: type,
        size,
        sha256,
        depth: 0,
        via: [],
        traits: [],
        textLength: 0,
      },
    ],
    uninspected: [{ path, reason, detail }],
    findings: [],
    labels: [],
    nearMisses: [],
    revisions,
    elapsedMs: 0,
  }
}
