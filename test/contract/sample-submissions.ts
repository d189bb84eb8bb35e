import type { Decision } from '../../src/core/decision.ts'
import type { ScanReport } from '../../src/core/report.ts'
import type { NewSubmission, RecipientResult, RecipientStatus } from '../../src/core/submission.ts'
import type { Transition } from '../../src/ports/submission-store.ts'

/** Complete, plausible domain objects for store tests. */
export function sampleSubmission(id: string, override: Partial<NewSubmission> = {}): NewSubmission {
  return {
    id,
    origin: 'peer',
    parent: null,
    envelope: {
      channel: 'mail',
      sender: 'sender@example.com',
      recipients: [{ address: 'one@example.net', notify: ['FAILURE'] }, { address: 'two@example.org' }],
      client: { address: '192.0.2.1', listener: 'relay', protocol: 'ESMTP', helo: 'client.example' },
      body: '8BITMIME',
      smtpUtf8: false,
      dsn: { ret: 'HDRS', envid: 'QQ314159' },
      receivedAt: 1_000,
    },
    blob: { id: `blob-of-${id}`, size: 1_234, sha256: 'ab'.repeat(32) },
    replyMode: 'after-spool',
    receivedAt: 1_000,
    ...override,
  }
}

export function creation(id: string, override: Partial<Transition> = {}): Transition {
  return {
    id,
    from: null,
    version: 0,
    to: 'received',
    at: 1_000,
    audit: { event: 'accepted', actor: 'system', details: { size: 1_234 } },
    create: sampleSubmission(id),
    nextAttemptAt: 1_000,
    ...override,
  }
}

export function sampleDecision(override: Partial<Decision> = {}): Decision {
  return {
    action: 'quarantine',
    groups: [
      { recipients: ['one@example.net', 'two@example.org'], action: 'quarantine', modifications: [], notify: [] },
    ],
    reasons: [],
    revisions: { policies: 'p1', rules: 'r1', catalog: 'c1' },
    decidedBy: { kind: 'policy' },
    decidedAt: 2_000,
    ...override,
  }
}

export function sampleReport(excerpt: string): ScanReport {
  return {
    parts: [],
    uninspected: [{ path: 'mail/a.zip/secret.txt', reason: 'encrypted', detail: 'ZipCrypto' }],
    findings: [
      {
        id: 'f1',
        detector: 'credit_card',
        family: 'financial',
        kind: 'pattern',
        confidence: 'high',
        count: 1,
        unique: 1,
        atLeast: {
          low: { count: 1, unique: 1 },
          medium: { count: 1, unique: 1 },
          high: { count: 1, unique: 1 },
        },
        perPart: { mail: { count: 1, unique: 1 } },
        keys: ['00'.repeat(16)],
        matches: [{ part: 'mail', start: 3, end: 22, excerpt, via: [], evidence: [] }],
      },
    ],
    labels: [],
    nearMisses: [],
    revisions: { rules: 'r1', catalog: 'c1' },
    elapsedMs: 12.5,
  }
}

export function result(recipient: string, status: RecipientStatus, attempts = 0): RecipientResult {
  return {
    recipient,
    status,
    attempts,
    nextAttemptAt: status === 'pending' ? 5_000 : null,
    lastReply: status === 'delivered' ? '250 2.0.0 ok' : null,
    nextHop: status === 'delivered' ? 'mx.example.net:25' : null,
    updatedAt: 3_000,
    delayNotifiedAt: null,
  }
}
