/**
 * One scan: extract, then detect, as plain functions over bytes. What runs in a scan worker and nowhere else holds raw
 * text; what comes out is the ScanReport, without one raw value (unless a person asked for them on the command line).
 */
import { isAscii } from 'node:buffer'
import type { Extraction } from '../core/extraction.ts'
import type { ReportedPart, ScanReport } from '../core/report.ts'
import type { CompiledDetectors, DetectOptions } from '../detect/detect-all.ts'
import { MessageDetection } from '../detect/message-detection.ts'
import { type ExtractOptions, extract } from '../extract/extract.ts'
import type { TextSink } from '../extract/isolation.ts'
import type { RequestFacts } from '../extract/request.ts'
import { openFile } from './file-source.ts'
import type { SandboxLaunch } from './sandbox-launch.ts'

export interface ScanJob {
  /** Empty where a file is named. */
  readonly bytes: Uint8Array
  /** Path of an upload that is too large to be held: it is read where it is, and must not change meanwhile. */
  readonly file?: string
  readonly as: 'mail' | 'upload'
  readonly filename: string | null
  readonly declaredType: string | null
  readonly request?: RequestFacts
  /** Ad-hoc terms of the command line. */
  readonly terms?: readonly { readonly name: string; readonly text: string }[]
  readonly reveal?: boolean
  /** Looks for more near misses than a scan comes by. */
  readonly explain?: boolean
}

export interface ScanSettings {
  readonly extract: ExtractOptions
  readonly findingKey: Uint8Array
  /** How the process is started that reads hostile formats; left out: they are read in the scan worker. */
  readonly sandbox?: SandboxLaunch
}

export async function runScan(job: ScanJob, detectors: CompiledDetectors, settings: ScanSettings): Promise<ScanReport> {
  const startedAt = performance.now()
  const options: DetectOptions = {
    findingKey: settings.findingKey,
    reveal: job.reveal ?? false,
    explain: job.explain ?? false,
    terms: job.terms ?? [],
  }
  const detection = new MessageDetection(detectors.detectors, options)
  const extraction = await runExtract(job, settings.extract, detection)
  const { findings, labels, nearMisses, explained, uninspected } = detection.finish(extraction)
  return {
    parts: reportedParts(extraction, detection),
    uninspected: [...extraction.uninspected, ...uninspected],
    findings,
    labels,
    nearMisses,
    ...(options.explain && { explained }),
    revisions: { rules: detectors.rules.revision, catalog: detectors.catalogRevision },
    elapsedMs: Math.round((performance.now() - startedAt) * 10) / 10,
  }
}

/** `sink`: takes texts that are too large to be held. Throws what the file system does about a job's file. */
export async function runExtract(
  job: ScanJob,
  options: ExtractOptions,
  sink: TextSink | null = null,
): Promise<Extraction> {
  const { bytes, file, filename, declaredType, as, request } = job
  const known = { bytes, filename, declaredType, as, ...(request ? { request } : {}) }
  if (file === undefined) return await extract(known, options, sink)
  const opened = openFile(file)
  try {
    return await extract({ ...known, source: opened.source }, options, sink)
  } finally {
    opened.close()
  }
}

function reportedParts(extraction: Extraction, detection: MessageDetection): ReportedPart[] {
  const lengths = new Map(extraction.texts.map((text) => [text.part, codePoints(text.utf8)]))
  return extraction.parts.map((part) => ({
    ...part,
    textLength: (lengths.get(part.id) ?? 0) + detection.codePointsOf(part.path),
  }))
}

/** Code points of UTF-8: every byte that is not a continuation byte. */
function codePoints(utf8: Uint8Array): number {
  if (isAscii(utf8)) return utf8.length
  let count = 0
  for (let i = 0; i < utf8.length; i++) if (((utf8[i] ?? 0) & 0xc0) !== 0x80) count++
  return count
}
