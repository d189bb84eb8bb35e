/**
 * Every detector over a whole extraction: texts in, findings, labels and near misses out. The composition room compiles
 * the detectors once for each scan thread (`compileDetectors`) from sources that can be sent to it.
 */
import type { DetectionRule } from '../core/detection-rule.ts'
import { type Diagnostic, DiagnosticsError } from '../core/diagnostic.ts'
import type { Extraction } from '../core/extraction.ts'
import { buildRuleSet, type CompiledRuleSet, compileRules } from './compile-rules.ts'
import { detectText, patternStream } from './detect-text.ts'
import type { DetectOptions, Detector } from './detector.ts'
import { exactDataDetector } from './exact-data/exact-data-detector.ts'
import type { ExactDataIndex } from './exact-data/exact-data-index.ts'
import { fingerprintDetector } from './fingerprint/fingerprint-detector.ts'
import type { FingerprintIndex } from './fingerprint/fingerprint-index.ts'
import { labelDetector } from './label/label-detector.ts'
import type { LabelMap } from './label/label-map.ts'
import type { PlanChoices } from './match/plan-pattern.ts'
import { type Detection, MessageDetection } from './message-detection.ts'
import type { RuleFile } from './rules/parse-rules.ts'

export type { DetectOptions } from './detector.ts'

/** Plain data: what a scan thread needs to make its detectors. */
export interface DetectorSources {
  readonly rules: readonly RuleFile[]
  /** Instead of files: rules that `parseRules` has found sound. Reading files takes half of a thread's start. */
  readonly readRules?: readonly DetectionRule[]
  /** How their patterns are looked for, where that was found out before. */
  readonly choices?: PlanChoices
  /** Revision of the catalog (fingerprints, exact data, label map) the detectors were given. */
  readonly catalogRevision: string
  /** Registered documents; its tables are shared memory. */
  readonly fingerprints?: FingerprintIndex | null
  /** Rows of registered tables; their tables are shared memory. */
  readonly exactData?: readonly ExactDataIndex[]
  /** The organisation's own label levels and what maps to them. */
  readonly labelMap?: LabelMap | null
}

export interface CompiledDetectors {
  readonly rules: CompiledRuleSet
  readonly catalogRevision: string
  readonly detectors: readonly Detector[]
}

/** Throws DiagnosticsError when a rule file has an error: half a rule set must never run. */
export function compileDetectors(sources: DetectorSources): CompiledDetectors {
  const { rules, diagnostics } = sources.readRules
    ? { rules: buildRuleSet(sources.readRules, [], sources.choices), diagnostics: [] }
    : compileRules(sources.rules)
  if (!rules) throw new DiagnosticsError(diagnostics.filter((d: Diagnostic) => d.severity === 'error'))
  const detectors = [patternDetector(rules), labelDetector(sources.labelMap ?? null)]
  if (sources.fingerprints) detectors.push(fingerprintDetector(sources.fingerprints))
  if (sources.exactData && sources.exactData.length > 0)
    detectors.push(
      exactDataDetector(
        sources.exactData,
        rules.rules.map(({ rule }) => rule),
      ),
    )
  return { rules, catalogRevision: sources.catalogRevision, detectors }
}

export function patternDetector(rules: CompiledRuleSet): Detector {
  return {
    kind: 'pattern',
    inspectText: (text, options) => detectText(rules, text, options),
    openStream: (options) => patternStream(rules, options),
  }
}

/** Never throws on any content; what could not be inspected in full is `uninspected`. */
export function detectAll(compiled: CompiledDetectors, extraction: Extraction, options: DetectOptions): Detection {
  return new MessageDetection(compiled.detectors, options).finish(extraction)
}
