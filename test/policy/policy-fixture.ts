/** Builds what the policy tests need: compiled sets from short YAML, envelopes and reports from a few words. */
import { formatDiagnostic } from '../../src/core/diagnostic.ts'
import type { Envelope } from '../../src/core/envelope.ts'
import type { Confidence, Finding, Sensitivity } from '../../src/core/finding.ts'
import type { ReportedPart, ScanReport } from '../../src/core/report.ts'
import { compilePolicies, type KnownNames } from '../../src/policy/compile-policies.ts'
import type { Directory } from '../../src/policy/directory.ts'
import type { EvaluationInput } from '../../src/policy/evaluate.ts'
import type { PolicySet } from '../../src/policy/policy-set.ts'

export const known: KnownNames = {
  detectors: [
    { id: 'credit_card', family: 'financial' },
    { id: 'iban', family: 'financial' },
    { id: 'us_ssn', family: 'national_id' },
    { id: 'private_key', family: 'secret' },
    { id: 'email_address', family: 'contact' },
  ],
  collections: ['board-papers', 'customers'],
  labelLevels: ['public', 'internal', 'confidential', 'secret'],
  labelHeader: { name: 'X-Class', values: ['Public', 'Internal', 'Confidential', 'Secret'] },
  partners: ['acquirers', 'lawyers'],
  groups: ['accounting', 'executives'],
  templates: ['passed', 'encrypted', 'held', 'blocked'],
}

export const directory: Directory = {
  internalDomains: ['internal.example', 'bücher.example'],
  partners: { acquirers: ['acquirer.example'], lawyers: ['counsel@law.example'] },
  groups: { accounting: ['billing@internal.example'], executives: ['board.internal.example'] },
  managers: { 'someone@internal.example': 'boss@internal.example' },
  reviewers: ['dpo@internal.example'],
}

/** A policy file around rules written as YAML list items. */
export function policyFile(rules: string, head = ''): string {
  return `policy: p\nname: P\n${head}${head && !head.endsWith('\n') ? '\n' : ''}rules:\n${rules.replace(/^(?=.)/gm, '  ')}`
}

export function compile(text: string | readonly string[], names: KnownNames = known): PolicySet {
  const texts = typeof text === 'string' ? [text] : text
  const result = compilePolicies(
    texts.map((one, index) => ({ file: `${index}.yaml`, text: one })),
    names,
  )
  if (!result.policies) throw new Error(result.diagnostics.map(formatDiagnostic).join('\n'))
  return result.policies
}

export function complaints(text: string | readonly string[], names: KnownNames = known): string[] {
  const texts = typeof text === 'string' ? [text] : text
  return compilePolicies(
    texts.map((one, index) => ({ file: `${index}.yaml`, text: one })),
    names,
  ).diagnostics.map(formatDiagnostic)
}

export function envelope(to: readonly string[], more: Partial<Envelope> = {}): Envelope {
  return {
    channel: 'mail',
    sender: 'someone@internal.example',
    recipients: to.map((address) => ({ address })),
    client: { address: '192.0.2.1', listener: 'relay', protocol: 'ESMTP' },
    body: '7BIT',
    smtpUtf8: false,
    dsn: {},
    receivedAt: 0,
    ...more,
  }
}

export function part(id: number, path: string, more: Partial<ReportedPart> = {}): ReportedPart {
  return {
    id,
    parent: id === 0 ? null : 0,
    path,
    filename: id === 0 ? null : (path.split('/').at(-1) ?? null),
    declaredType: null,
    sniffedType: id === 0 ? 'message/rfc822' : 'application/octet-stream',
    size: 100,
    sha256: '0'.repeat(64),
    depth: id === 0 ? 0 : 1,
    via: [],
    traits: [],
    textLength: 0,
    ...more,
  }
}

export function report(more: Partial<ScanReport> = {}): ScanReport {
  return {
    parts: [part(0, 'mail')],
    uninspected: [],
    findings: [],
    labels: [],
    nearMisses: [],
    revisions: { rules: 'r1', catalog: 'c1' },
    elapsedMs: 1,
    ...more,
  }
}

export interface ShortFinding {
  readonly detector?: string
  readonly family?: Finding['family']
  readonly kind?: Finding['kind']
  readonly low?: number
  readonly medium?: number
  readonly high?: number
  readonly perPart?: Readonly<Record<string, number>>
  readonly containment?: number
  readonly words?: number
  readonly partners?: readonly string[]
  readonly sensitivity?: Sensitivity | undefined
  /** More matches than the report lists. */
  readonly unlisted?: number
}

/** A finding with so many distinct values at each confidence or above. */
export function finding(id: string, short: ShortFinding): Finding {
  const high = short.high ?? 0
  const medium = Math.max(short.medium ?? 0, high)
  const low = Math.max(short.low ?? 0, medium)
  const tally = (n: number) => ({ count: n, unique: n })
  const confidence: Confidence = high > 0 ? 'high' : medium > 0 ? 'medium' : 'low'
  const perPart = Object.fromEntries(
    Object.entries(short.perPart ?? { mail: low }).map(([path, n]) => [path, tally(n)] as const),
  )
  return {
    id,
    detector: short.detector ?? 'credit_card',
    family: short.family ?? 'financial',
    kind: short.kind ?? 'pattern',
    confidence,
    ...tally(low + (short.unlisted ?? 0)),
    atLeast: { low: tally(low), medium: tally(medium), high: tally(high) },
    perPart,
    keys: [],
    matches: Object.keys(perPart).map((path) => ({
      part: path,
      start: 0,
      end: 1,
      excerpt: 'SECRET-EXCERPT',
      via: [],
      evidence: [],
      ...(short.containment !== undefined && { document: 'plan.docx', containment: short.containment }),
      ...(short.words !== undefined && { passageWords: short.words }),
      ...(short.partners !== undefined && { partners: short.partners }),
      ...(short.sensitivity !== undefined && { sensitivity: short.sensitivity }),
    })),
  }
}

export function input(
  to: readonly string[],
  more: Partial<ScanReport> = {},
  about: Partial<Envelope> = {},
): EvaluationInput {
  return { envelope: envelope(to, about), report: report(more), directory, now: Date.UTC(2026, 10, 3, 10) }
}
