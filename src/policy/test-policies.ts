/**
 * Runs the test cases that stand in policy files. Each policy is tested alone, as if everything in it were enforced:
 * a case says what the policy means, whatever mode it is in today and whatever else is switched on.
 */
import { createHash } from 'node:crypto'
import type { Action } from '../core/decision.ts'
import type { Envelope } from '../core/envelope.ts'
import type { Confidence, Family, Finding, LabelFinding } from '../core/finding.ts'
import type { ReportedPart, ScanReport } from '../core/report.ts'
import { TEST_RECIPIENT } from './check-test.ts'
import { evaluate } from './evaluate.ts'
import type { CompiledPolicy, PolicySet } from './policy-set.ts'
import { bytesOf } from './range.ts'
import type { WrittenTest } from './test-schema.ts'

export interface PolicyTestResult {
  readonly policy: string
  readonly file: string
  readonly row: number
  readonly name: string
  readonly passed: boolean
  /** What differed, in one sentence each; empty when passed. */
  readonly problems: readonly string[]
}

const TEST_SENDER = 'someone@internal.example'
const TEST_TIME = Date.UTC(2026, 10, 3, 10)

export function testPolicies(policies: PolicySet): PolicyTestResult[] {
  return policies.policies.flatMap((policy) => {
    // What other policies see to is not this one's to answer for.
    const alone = { ...policies, policies: [enforced(policy)], unnamed: new Set<never>() }
    return policy.tests.map(({ written, row }) => {
      const problems = runTest(written, alone)
      return { policy: policy.id, file: policy.file, row, name: written.name, passed: problems.length === 0, problems }
    })
  })
}

function enforced(policy: CompiledPolicy): CompiledPolicy {
  return { ...policy, mode: 'enforce', rules: policy.rules.map((rule) => ({ ...rule, mode: 'enforce' })) }
}

function runTest(test: WrittenTest, policies: PolicySet): string[] {
  const recipients = test.to ?? [TEST_RECIPIENT]
  const decision = evaluate(policies, {
    envelope: envelopeOf(test, recipients),
    report: reportOf(test, policies),
    directory: {
      internalDomains: test.internal ?? ['internal.example'],
      partners: { ...emptyLists(policies.references.partners), ...test.partners },
      groups: { ...emptyLists(policies.references.groups), ...test.groups },
    },
    now: test.at === undefined ? TEST_TIME : Date.parse(test.at),
  })
  const problems: string[] = []
  const differ = (who: string, want: Action, got: Action) => {
    if (want !== got) problems.push(`${who} should get ${want} but got ${got}.`)
  }
  const matched = [...new Set(decision.reasons.map((reason) => reason.rule))].sort()
  if (test.channel === 'upload') {
    const want = typeof test.expect === 'string' ? test.expect : Object.values(test.expect)[0]
    if (want !== undefined) differ('The upload', want, decision.action)
  } else
    for (const recipient of recipients) {
      const got = decision.groups.find((group) => group.recipients.includes(recipient))?.action ?? 'pass'
      const want = typeof test.expect === 'string' ? test.expect : test.expect[recipient]
      if (want !== undefined) differ(recipient, want, got)
    }
  if (test.rules && [...test.rules].sort().join() !== matched.join())
    problems.push(`The rules [${[...test.rules].sort().join(', ')}] should match, but [${matched.join(', ')}] did.`)
  else if (problems.length > 0) problems.push(`Matching rules: ${matched.join(', ') || 'none'}.`)
  return problems
}

function emptyLists(names: readonly string[]): Record<string, string[]> {
  return Object.fromEntries(names.map((name) => [name, []]))
}

function envelopeOf(test: WrittenTest, recipients: readonly string[]): Envelope {
  const upload = test.channel === 'upload'
  const host = recipients[0]?.split('@').at(-1) ?? ''
  return {
    channel: test.channel ?? 'mail',
    sender: test.from ?? TEST_SENDER,
    recipients: upload ? [] : recipients.map((address) => ({ address })),
    client: {
      address: '192.0.2.1',
      listener: test.listener ?? 'test',
      protocol: 'ESMTP',
      ...(test.user !== undefined && { authenticated: test.user }),
    },
    body: '7BIT',
    smtpUtf8: false,
    dsn: {},
    receivedAt: TEST_TIME,
    ...(upload && { request: { method: 'POST', url: `https://${host}/`, headers: {} } }),
  }
}

function reportOf(test: WrittenTest, policies: PolicySet): ScanReport {
  const root = test.channel === 'upload' ? 'upload' : 'mail'
  const parts: ReportedPart[] = [
    part(0, root, null, { sniffedType: 'message/rfc822', size: bytesOf(test.size ?? '1000') }),
  ]
  const add = (path: string, filename: string | null, more: Partial<ReportedPart>) => {
    if (!parts.some((one) => one.path === path)) parts.push(part(parts.length, path, filename, more))
  }
  for (const file of test.attachments ?? []) {
    add(file.path ?? `${root}/${file.name}`, file.name, {
      sniffedType: file.type ?? 'application/octet-stream',
      declaredType: file.declared_type ?? null,
      size: bytesOf(file.size ?? '1000'),
      traits: ['attachment', ...(file.traits ?? [])],
    })
  }
  for (const item of test.uninspected ?? [])
    if (item.path !== undefined || item.type !== undefined)
      add(item.path ?? `${root}/file`, 'file', { sniffedType: item.type ?? 'application/octet-stream' })
  return {
    parts,
    uninspected: (test.uninspected ?? []).map((item) => ({
      path: item.path ?? (item.type === undefined ? root : `${root}/file`),
      reason: item.reason,
      detail: 'test',
    })),
    findings: (test.findings ?? []).map((finding, index) => findingOf(finding, index, root, policies)),
    labels: (test.labels ?? []).map((label) => labelOf(label, root, policies)),
    nearMisses: [],
    revisions: { rules: 'test', catalog: 'test' },
    elapsedMs: 0,
  }
}

function part(id: number, path: string, filename: string | null, more: Partial<ReportedPart>): ReportedPart {
  return {
    id,
    parent: id === 0 ? null : 0,
    path,
    filename,
    declaredType: null,
    sniffedType: 'application/octet-stream',
    size: 1000,
    sha256: createHash('sha256').update(path).digest('hex'),
    depth: id === 0 ? 0 : 1,
    via: [],
    traits: [],
    textLength: 0,
    ...more,
  }
}

type TestFinding = NonNullable<WrittenTest['findings']>[number]

function findingOf(written: TestFinding, index: number, root: string, policies: PolicySet): Finding {
  const confidence = written.confidence ?? 'high'
  const unique = written.unique ?? written.count ?? 1
  const tally = { count: Math.max(written.count ?? unique, unique), unique }
  const none = { count: 0, unique: 0 }
  const path = written.part ?? root
  const levels: Record<Confidence, readonly Confidence[]> = {
    low: ['low'],
    medium: ['low', 'medium'],
    high: ['low', 'medium', 'high'],
  }
  const reached = levels[confidence]
  const at = (level: Confidence) => (reached.includes(level) ? tally : none)
  const detector = written.detector ?? 'example'
  return {
    id: `f${index + 1}`,
    detector,
    family: written.family ?? ((policies.families.get(detector) ?? 'custom') as Family),
    kind: written.kind ?? 'pattern',
    confidence,
    ...tally,
    atLeast: { low: at('low'), medium: at('medium'), high: at('high') },
    perPart: { [path]: tally },
    keys: [],
    matches: [
      {
        part: path,
        start: 0,
        end: 1,
        excerpt: '',
        via: [],
        evidence: [],
        ...(written.document !== undefined && { document: written.document }),
        ...(written.containment !== undefined && { containment: written.containment }),
        ...(written.resemblance !== undefined && { resemblance: written.resemblance }),
        ...(written.words !== undefined && { passageWords: written.words }),
        ...(written.partners !== undefined && { partners: written.partners }),
        ...(written.sensitivity !== undefined && { sensitivity: written.sensitivity }),
      },
    ],
  }
}

type TestLabel = NonNullable<WrittenTest['labels']>[number]

function labelOf(written: TestLabel, root: string, policies: PolicySet): LabelFinding {
  const rank = written.level === undefined ? -1 : policies.labelLevels.indexOf(written.level)
  return {
    scheme: written.scheme ?? 'test',
    id: written.id ?? written.name ?? written.level ?? 'test',
    name: written.name ?? written.level ?? 'test',
    part: written.part ?? root,
    level: written.level ?? null,
    rank: rank < 0 ? null : rank,
  }
}
