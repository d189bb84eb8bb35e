import type { Part, Uninspected } from './extraction.ts'
import type { Finding, LabelFinding, NearMiss } from './finding.ts'

/** Immutable identities of everything a verdict depended on. */
export interface Revisions {
  readonly policies: string
  readonly rules: string
  readonly catalog: string
}

/** A part as reported: its text is gone, its length stays. */
export interface ReportedPart extends Part {
  /** Code points of extracted text. */
  readonly textLength: number
}

/** All that leaves a scan job: enough for policy, reviewer and audit, without one raw value. */
export interface ScanReport {
  readonly parts: readonly ReportedPart[]
  readonly uninspected: readonly Uninspected[]
  readonly findings: readonly Finding[]
  readonly labels: readonly LabelFinding[]
  readonly nearMisses: readonly NearMiss[]
  /** Near misses that take a second look at the texts: only where an explanation was asked for. */
  readonly explained?: readonly NearMiss[]
  readonly revisions: Pick<Revisions, 'rules' | 'catalog'>
  readonly elapsedMs: number
}
