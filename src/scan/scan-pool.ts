/**
 * The scan pool: worker threads that extract and detect, each job under a deadline that starts when a worker takes it.
 * A job that hangs or dies takes only its worker with it; its message gets a report that says `timeout` or `corrupt`,
 * never a clean one. What the pool itself breaks off (reload, shutdown) is no verdict: that is a temporary error. Keys
 * of the spool are not here; the one key inside is that of the finding HMACs. New rules swap all workers at once.
 */
import { hash } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { asError, GatewayError } from '../core/errors.ts'
import type { Extraction, UninspectedReason } from '../core/extraction.ts'
import { limits } from '../core/limits.ts'
import type { ScanReport } from '../core/report.ts'
import type { DetectorSources } from '../detect/detect-all.ts'
import { extraTimeMs } from '../extract/budget.ts'
import { SANDBOX_UNAVAILABLE } from './sandbox.ts'
import type { ScanJob, ScanSettings } from './scan-job.ts'
import type { ScanResults } from './scan-protocol.ts'
import { ScanNotBegun, ScanTimeout } from './scan-thread.ts'
import { ScanThreads } from './scan-threads.ts'

export interface ScanPoolOptions {
  /** Worker threads; default one per core. */
  readonly threads?: number
  /** Larger content is not inspected; left out: the limit's default. */
  readonly sizeMaxBytes?: number
  /** A job past it is killed with its worker. */
  readonly deadlineMs: number
  /** JavaScript heap of one worker. */
  readonly memoryMaxBytes: number
  readonly detectors: DetectorSources
  readonly settings: ScanSettings
  /** Told when a worker had to be killed or died. */
  readonly onCrash?: (problem: 'timeout' | 'crash', detail: string) => void
}

/** A job whose content may be fetched once a worker is free for it, so that jobs that wait hold none. */
export type ScanRequest = Omit<ScanJob, 'bytes'> & {
  readonly bytes: Uint8Array | (() => Promise<Uint8Array>)
  /** Of the bytes, lower-case hex, where it is known already or can be had without holding them. */
  readonly sha256?: string | (() => Promise<string>)
  /** Of bytes that are still to be fetched: small ones may be fetched while a worker is at others, huge ones never. */
  readonly size?: number
}

/** Workers that share one set of detectors, and how much they have to do. */
interface Generation {
  readonly threads: ScanThreads
  jobs: number
  onIdle: (() => void) | null
}

/** Threads that may end before a job's turn, none of them by its fault, until it is put off. */
const ATTEMPTS_MAX = 3

export class ScanPool {
  readonly #options: ScanPoolOptions
  #now: Generation
  #revisions: ScanReport['revisions']
  /** Those before, while jobs are under way on them. */
  readonly #retiring = new Set<ScanThreads>()
  #closed = false

  private constructor(options: ScanPoolOptions, generation: Generation, revisions: ScanReport['revisions']) {
    this.#options = options
    this.#now = generation
    this.#revisions = revisions
  }

  /** Starts the workers and waits until one has compiled everything. Throws what a bad detector source throws. */
  static async start(options: ScanPoolOptions): Promise<ScanPool> {
    const generation = open(options, options.detectors)
    return new ScanPool(options, generation, await generation.threads.start())
  }

  get revisions(): ScanReport['revisions'] {
    return this.#revisions
  }

  /** Takes over `job.bytes` (they are transferred). Throws a GatewayError when the pool can't work, or what `bytes` throws. */
  async scan(job: ScanRequest): Promise<ScanReport> {
    return await this.#run(job, 'scan', (failed) => sealedReport(job, failed, this.#revisions))
  }

  /** Extraction alone, with texts, for `sluice extract`. */
  async extract(job: ScanRequest): Promise<Extraction> {
    return await this.#run(job, 'extract', (failed) => {
      const { parts, uninspected } = sealedReport(job, failed, this.#revisions)
      return { parts, uninspected, texts: [], labels: [] }
    })
  }

  /** Compiles new detectors in new workers, then switches; jobs under way end on the old ones. On failure the old stay. */
  async reload(detectors: DetectorSources): Promise<void> {
    const fresh = open(this.#options, detectors)
    let revisions: ScanReport['revisions']
    try {
      revisions = await fresh.threads.start()
    } catch (thrown) {
      await fresh.threads.close()
      throw thrown
    }
    if (this.#closed) {
      await fresh.threads.close()
      throw unavailable(null)
    }
    const old = this.#now
    this.#now = fresh
    this.#revisions = revisions
    this.#retiring.add(old.threads)
    old.onIdle = () => {
      this.#retiring.delete(old.threads)
      void old.threads.close()
    }
    if (old.jobs === 0) old.onIdle()
  }

  /** Breaks off what is running: whoever waits for it gets `scan-unavailable`. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([this.#now.threads, ...this.#retiring].map((threads) => threads.close()))
  }

  async #run<K extends keyof ScanResults>(
    request: ScanRequest,
    task: K,
    seal: (failed: FailedScan) => ScanResults[K],
  ): Promise<ScanResults[K]> {
    const generation = this.#now
    generation.jobs++
    try {
      const most = this.#sizeMax(request)
      if (request.size !== undefined && request.size > most) {
        const sha256 = await digestOf(request)
        return seal({ size: request.size, sha256, reason: 'too-large', detail: `${most} bytes` })
      }
      let small = typeof request.bytes === 'function' && (request.size ?? Infinity) <= limits.scanAheadMaxBytes
      for (let attempt = 1; ; attempt++) {
        try {
          return await this.#try(generation.threads, request, small, task, seal)
        } catch (thrown) {
          if (!(thrown instanceof ScanNotBegun)) throw thrown
          if (attempt === ATTEMPTS_MAX) throw unavailable(thrown)
        }
        // What it stood behind ended the thread: from now on it stands behind nothing.
        small = false
      }
    } finally {
      if (--generation.jobs === 0) generation.onIdle?.()
    }
  }

  /** Bytes of the largest content that is looked at; what can't be read where it stands has to fit into memory. */
  #sizeMax({ file }: ScanRequest): number {
    const { sizeMaxBytes = limits.scanSizeMaxBytes } = this.#options
    return file === undefined ? Math.min(sizeMaxBytes, limits.extractWholeMaxBytes) : sizeMaxBytes
  }

  /** Throws ScanNotBegun when its thread ended before its turn. */
  async #try<K extends keyof ScanResults>(
    threads: ScanThreads,
    scan: ScanRequest,
    small: boolean,
    task: K,
    seal: (failed: FailedScan) => ScanResults[K],
  ): Promise<ScanResults[K]> {
    const { sha256, size = 0, ...request } = scan
    const slot = await threads.take(small).catch((thrown: unknown) => Promise.reject(unavailable(thrown)))
    const content =
      request.file !== undefined
        ? new Uint8Array(0)
        : await contentOf(request).catch((thrown: unknown) => {
            slot.giveBack()
            throw thrown
          })
    const whole = content.byteOffset === 0 && content.byteLength === content.buffer.byteLength
    // What is part of a larger buffer can't be handed over.
    const bytes = whole ? content : Uint8Array.from(content)
    const isFile = request.file !== undefined
    const known = isFile
      ? null
      : { size: bytes.length, sha256: typeof sha256 === 'string' ? sha256 : hash('sha256', bytes) }
    try {
      return await slot.run(task, { ...request, bytes }, extraTimeMs(isFile ? size : bytes.length))
    } catch (thrown) {
      if (threads.closed || asError(thrown).message === SANDBOX_UNAVAILABLE) throw unavailable(thrown)
      if (thrown instanceof ScanNotBegun) throw thrown
      return seal({ ...(known ?? { size, sha256: await digestOf(scan) }), ...this.#judgeFailure(asError(thrown)) })
    }
  }

  #judgeFailure(error: Error): { reason: UninspectedReason; detail: string } {
    if (error instanceof ScanTimeout) {
      this.#options.onCrash?.('timeout', `killed after ${this.#options.deadlineMs} ms`)
      return { reason: 'timeout', detail: `scan killed after ${this.#options.deadlineMs} ms` }
    }
    const memory = /memory|heap/i.test(error.message)
    this.#options.onCrash?.('crash', memory ? 'out of memory' : error.name)
    return memory
      ? { reason: 'too-large', detail: 'scan ran out of memory' }
      : { reason: 'corrupt', detail: 'scan worker failed' }
  }
}

async function contentOf({ bytes }: Pick<ScanRequest, 'bytes'>): Promise<Uint8Array> {
  return typeof bytes === 'function' ? await bytes() : bytes
}

/** Throws what `sha256` does. */
async function digestOf({ sha256 = '' }: Pick<ScanRequest, 'sha256'>): Promise<string> {
  return typeof sha256 === 'function' ? await sha256() : sha256
}

function unavailable(cause: unknown): GatewayError {
  return new GatewayError('scan-unavailable', {
    temporary: true,
    publicMessage: 'The message could not be inspected, try again later.',
    cause,
  })
}

function threadsOf(options: ScanPoolOptions): number {
  return options.threads ?? availableParallelism()
}

function open(options: ScanPoolOptions, detectors: DetectorSources): Generation {
  const { deadlineMs, memoryMaxBytes, settings, onCrash } = options
  const threads = new ScanThreads({
    data: { detectors, settings },
    deadlineMs,
    memoryMaxBytes,
    threadsMax: threadsOf(options),
    onCrash: (error) => onCrash?.('crash', error.name),
  })
  return { threads, jobs: 0, onIdle: null }
}

interface FailedScan {
  readonly size: number
  readonly sha256: string
  readonly reason: UninspectedReason
  readonly detail: string
}

/** What is said of content whose scan did not come back: one part, not inspected. */
function sealedReport(
  job: ScanRequest,
  { size, sha256, reason, detail }: FailedScan,
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
