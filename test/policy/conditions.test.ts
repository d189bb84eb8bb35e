import { describe, expect, it } from 'vitest'
import type { Envelope } from '../../src/core/envelope.ts'
import type { LabelFinding, Sensitivity } from '../../src/core/finding.ts'
import type { ScanReport } from '../../src/core/report.ts'
import { evaluate } from '../../src/policy/evaluate.ts'
import { compile, finding, input, part, policyFile } from './policy-fixture.ts'

interface Message {
  readonly to?: string
  readonly report?: Partial<ScanReport>
  readonly envelope?: Partial<Envelope>
  readonly now?: number
}

function matches(when: string, message: Message): boolean {
  const policies = compile(policyFile(`- {id: r, when: ${when}, action: block}`))
  const given = input([message.to ?? 'x@external.example'], message.report, message.envelope)
  return evaluate(policies, { ...given, now: message.now ?? given.now }).action === 'block'
}

const client = (more: Partial<Envelope['client']>): Message => ({
  envelope: { client: { address: '192.0.2.1', listener: 'relay', protocol: 'ESMTP', ...more } },
})
const found = (...findings: ScanReport['findings']): Message => ({ report: { findings } })
const file = (path: string, more = {}): Message => ({ report: { parts: [part(0, 'mail'), part(1, path, more)] } })
const label = (level: string | null, name = 'L', scheme = 'msip'): LabelFinding => ({
  scheme,
  id: `id-${name}`,
  name,
  part: 'mail',
  level,
  rank: level === null ? null : ['public', 'internal', 'confidential', 'secret'].indexOf(level),
})
const labelled = (...labels: LabelFinding[]): Message => ({ report: { labels } })
const inPart = (path: string, level: string): LabelFinding => ({ ...label(level), part: path })
/** A mail with a body, a file and a forwarded message, and labels on some of them. */
const carrying = (...labels: LabelFinding[]): Message => ({
  report: {
    labels,
    parts: [
      part(0, 'mail'),
      part(1, 'mail/text', { filename: null }),
      part(2, 'mail/plan.docx'),
      part(3, 'mail/forwarded', { filename: null, sniffedType: 'message/rfc822' }),
      part(4, 'mail/forwarded/text', { filename: null, parent: 3 }),
    ],
  },
})
const shared = (to: string, ...partners: string[]): Message => ({
  to,
  report: { findings: [finding('f1', { kind: 'fingerprint', high: 1, containment: 0.4, words: 40, partners })] },
})
const rated = (sensitivity?: Sensitivity): Message => ({
  report: { findings: [finding('f1', { kind: 'fingerprint', high: 1, sensitivity })] },
})
const sealed = (reason: ScanReport['uninspected'][number]['reason'], path = 'mail', type?: string): Message => ({
  report: {
    parts: [part(0, 'mail'), ...(type ? [part(1, path, { sniffedType: type })] : [])],
    uninspected: [{ path, reason, detail: 'x' }],
  },
})
const at = (iso: string): Message => ({ now: Date.parse(iso) })

describe('a condition matches, and doesn’t, as its page says', () => {
  it.each<[string, Message, boolean]>([
    ['{channel: mail}', {}, true],
    ['{channel: [upload]}', {}, false],
    ['{listener: "re*"}', {}, true],
    ['{listener: submission}', {}, false],
    ['{user: none}', {}, true],
    ['{user: any}', {}, false],
    ['{user: any}', client({ authenticated: 'alice' }), true],
    ['{user: [bob, "AL*"]}', client({ authenticated: 'alice' }), true],
    ['{user: none}', client({ authenticated: 'alice' }), false],

    ['{direction: outbound}', {}, true],
    ['{direction: outbound}', { to: 'x@internal.example' }, false],
    ['{direction: internal}', { to: 'x@internal.example' }, true],
    ['{direction: inbound}', { to: 'x@internal.example', envelope: { sender: 'y@external.example' } }, true],
    ['{direction: outbound}', { envelope: { sender: 'y@external.example' } }, true],
    ['{direction: inbound}', { to: 'x@internal.example', envelope: { sender: '' } }, true],

    ['{recipient: external}', {}, true],
    ['{recipient: outside}', { to: 'x@acquirer.example' }, true],
    ['{recipient: external}', { to: 'x@acquirer.example' }, false],
    ['{recipient: partner}', { to: 'x@mail.acquirer.example' }, true],
    ['{recipient: {partner_list: lawyers}}', { to: 'Counsel@LAW.example' }, true],
    ['{recipient: {partner_list: lawyers}}', { to: 'other@law.example' }, false],
    ['{recipient: internal}', { to: 'x@sub.internal.example' }, true],
    ['{recipient: internal}', { to: 'x@notinternal.example' }, false],
    ['{recipient: internal}', { to: 'x@internal.example.' }, true],
    ['{recipient: internal}', { to: 'x@xn--bcher-kva.example' }, true],
    ['{recipient: internal}', { to: 'x@BÜCHER.example' }, true],
    ['{recipient: internal}', { to: '"x@internal.example"@external.example' }, false],
    ['{recipient: internal}', { to: 'postmaster' }, false],
    ['{recipient: {domain: external.example}}', { to: 'x@a.b.external.example' }, true],
    ['{recipient: {domain: external.example}}', { to: 'x@myexternal.example' }, false],
    ['{recipient: {address: "*@external.example", domain: other.example}}', {}, false],
    ['{recipient: {address: "X@EXTERNAL.*"}}', {}, true],
    ['{recipient: {group: executives}}', { to: 'ceo@board.internal.example' }, true],
    ['{sender: {group: accounting}}', { envelope: { sender: 'Billing@internal.example' } }, true],
    ['{sender: internal}', {}, true],
    ['{sender: none}', { envelope: { sender: '' } }, true],
    ['{sender: [partner, external]}', { envelope: { sender: '' } }, false],

    ['{finding: {detector: credit_card}}', found(finding('f1', { medium: 1 })), true],
    ['{finding: {detector: credit_card}}', found(finding('f1', { low: 9 })), false],
    ['{finding: {detector: credit_card, confidence: low}}', found(finding('f1', { low: 1 })), true],
    ['{finding: {detector: "credit_*", confidence: high}}', found(finding('f1', { high: 1 })), true],
    ['{finding: {family: financial, except_detector: credit_card}}', found(finding('f1', { high: 1 })), false],
    [
      '{finding: {family: [secret, financial], unique: 2}}',
      found(finding('f1', { medium: 1 }), finding('f2', { detector: 'iban', medium: 1 })),
      true,
    ],
    [
      '{finding: {family: financial, unique: 3}}',
      found(finding('f1', { medium: 1, low: 5 }), finding('f2', { detector: 'iban', medium: 1 })),
      false,
    ],
    ['{finding: {family: financial, count: {at_most: 2}}}', found(finding('f1', { medium: 3 })), false],
    ['{finding: {family: financial, count: {at_most: 2}}}', {}, false],
    ['{finding: {kind: dictionary}}', found(finding('f1', { high: 1 })), false],
    [
      '{finding: {family: financial, count: 3, within: part}}',
      found(finding('f1', { medium: 4, perPart: { a: 2, b: 2 } })),
      false,
    ],
    [
      '{finding: {family: financial, count: 3, within: part}}',
      found(finding('f1', { medium: 4, perPart: { a: 1, b: 3 } })),
      true,
    ],
    [
      '{finding: {family: financial, count: 3, within: part, confidence: high}}',
      found(finding('f1', { low: 4, high: 2, perPart: { b: 4 } })),
      false,
    ],

    [
      '{document: any}',
      found(finding('f1', { kind: 'fingerprint', detector: 'board-papers', high: 1, containment: 0.1 })),
      true,
    ],
    ['{document: any}', found(finding('f1', { high: 1 })), false],
    ['{document: {containment: 0.3}}', found(finding('f1', { kind: 'fingerprint', high: 1, containment: 0.3 })), true],
    [
      '{document: {containment: 0.3}}',
      found(finding('f1', { kind: 'fingerprint', high: 1, containment: 0.29 })),
      false,
    ],
    [
      '{document: {collection: board-papers}}',
      found(finding('f1', { kind: 'fingerprint', detector: 'other', high: 1, containment: 1 })),
      false,
    ],
    [
      '{document: board-papers}',
      found(finding('f1', { kind: 'fingerprint', detector: 'board-papers', high: 1, containment: 1 })),
      true,
    ],
    ['{document: {document: "*.docx"}}', found(finding('f1', { kind: 'fingerprint', high: 1, containment: 1 })), true],
    ['{document: {resemblance: 0.1}}', found(finding('f1', { kind: 'fingerprint', high: 1, containment: 1 })), false],
    ['{document: {sensitivity: medium}}', rated('medium'), true],
    ['{document: {sensitivity: medium}}', rated('high'), true],
    ['{document: {sensitivity: medium}}', rated('low'), false],
    ['{document: {sensitivity: low}}', rated(), false],
    ['{document: {words: 40}}', shared('x@external.example'), true],
    ['{document: {words: 41}}', shared('x@external.example'), false],
    ['{document: {words: {at_most: 39}}}', shared('x@external.example'), false],
    ['{document: {recipient: not-partner}}', shared('x@external.example', 'acquirers'), true],
    ['{document: {recipient: not-partner}}', shared('x@acquirer.example', 'acquirers'), false],
    ['{document: {recipient: not-partner}}', shared('x@acquirer.example', 'lawyers'), true],
    ['{document: {recipient: not-partner}}', shared('x@acquirer.example'), true],
    ['{document: {recipient: not-partner}}', shared('x@acquirer.example', 'lawyers', 'acquirers'), false],
    ['{document: {recipient: not-partner}}', shared('x@internal.example', 'acquirers'), false],
    ['{document: {recipient: not-partner}}', shared('x@acquirer.example', 'a-list-that-is-gone'), true],
    ['{document: {recipient: not-partner, containment: 0.5}}', shared('x@external.example'), false],
    ['{document: {recipient: not-partner}}', { to: 'x@external.example' }, false],
    ['{document: {recipient: partner}}', shared('x@acquirer.example', 'acquirers'), true],
    ['{document: {recipient: partner}}', shared('x@external.example', 'acquirers'), false],
    ['{document: {recipient: partner}}', shared('x@acquirer.example', 'a-list-that-is-gone'), false],
    [
      '{document: {recipient: not-partner}}',
      {
        to: 'x@acquirer.example',
        ...found(finding('f1', { kind: 'fingerprint', high: 1, partners: ['acquirers'], unlisted: 9 })),
      },
      true,
    ],
    [
      '{document: {sensitivity: high}}',
      found(finding('f1', { kind: 'fingerprint', high: 1, sensitivity: 'low', unlisted: 9 })),
      true,
    ],
    [
      '{document: {sensitivity: high, recipient: partner}}',
      {
        to: 'x@acquirer.example',
        ...found(
          finding('f1', { kind: 'fingerprint', high: 1, sensitivity: 'low', partners: ['acquirers'], unlisted: 9 }),
        ),
      },
      false,
    ],
    [
      '{exact_data: {index: customers, unique: 2}}',
      found(finding('f1', { kind: 'exact-data', detector: 'customers', high: 2 })),
      true,
    ],
    [
      '{exact_data: {index: customers, unique: 2}}',
      found(finding('f1', { kind: 'exact-data', detector: 'customers', high: 1 })),
      false,
    ],
    ['{exact_data: any}', found(finding('f1', { kind: 'pattern', detector: 'customers', high: 1 })), false],

    ['{label: unlabelled}', {}, true],
    ['{label: unlabelled}', labelled(label(null)), false],
    ['{label: unmapped}', labelled(label(null)), true],
    ['{label: conflicting}', labelled(label('public'), label('secret')), true],
    ['{label: conflicting}', labelled(label('public'), label('public')), false],
    ['{label: conflicting}', labelled(label('public'), label(null)), false],
    ['{label: lowered}', carrying(inPart('mail', 'internal'), inPart('mail/plan.docx', 'secret')), true],
    ['{label: lowered}', carrying(inPart('mail/text', 'internal'), inPart('mail/plan.docx', 'secret')), true],
    ['{label: lowered}', carrying(inPart('mail', 'internal'), inPart('mail/forwarded', 'secret')), true],
    ['{label: lowered}', carrying(inPart('mail', 'internal'), inPart('mail/forwarded/text', 'secret')), true],
    ['{label: lowered}', carrying(inPart('mail', 'internal'), inPart('mail/text', 'secret')), false],
    ['{label: lowered}', carrying(inPart('mail', 'secret'), inPart('mail/plan.docx', 'internal')), false],
    ['{label: lowered}', carrying(inPart('mail', 'secret'), inPart('mail/plan.docx', 'secret')), false],
    ['{label: lowered}', carrying(inPart('mail/plan.docx', 'secret')), false],
    ['{label: ">= confidential"}', labelled(label('public'), label('secret')), true],
    ['{label: ">=confidential"}', labelled(label('internal')), false],
    ['{label: "<= internal"}', labelled(label('public')), true],
    ['{label: "= secret"}', labelled(label('secret')), true],
    ['{label: "= secret"}', labelled(label('confidential')), false],
    ['{label: {at_least: confidential}}', labelled(label('public'), label('secret')), true],
    ['{label: {at_least: confidential}}', labelled(label('internal')), false],
    ['{label: {at_least: public}}', {}, false],
    ['{label: {at_least: public}}', labelled(label(null)), false],
    ['{label: {at_most: internal}}', labelled(label('public')), true],
    ['{label: {at_most: internal}}', labelled(label('public'), label('secret')), false],
    ['{label: {at_most: internal}}', labelled(label('public'), label(null)), false],
    ['{label: {level: [internal, secret]}}', labelled(label('secret')), true],
    ['{label: {level: internal}}', labelled(label('secret')), false],
    ['{label: {name: "conf*", scheme: msip}}', labelled(label(null, 'Confidential')), true],
    ['{label: {name: "conf*", scheme: tlp}}', labelled(label(null, 'Confidential')), false],
    ['{label: {id: id-L}}', labelled(label(null)), true],

    ['{attachment: any}', {}, false],
    ['{attachment: any}', file('mail/a.pdf'), true],
    ['{attachment: any}', file('mail/[1]', { filename: null }), false],
    ['{attachment: any}', file('mail/[1]', { filename: null, traits: ['attachment'] }), true],
    ['{attachment: {type: "image/*"}}', file('mail/a.pdf', { sniffedType: 'image/png' }), true],
    ['{attachment: image/png}', file('mail/a.pdf', { sniffedType: 'image/png' }), true],
    ['{attachment: {extension: [.XLSX, docx]}}', file('mail/q3.xlsx'), true],
    ['{attachment: {extension: xlsx}}', file('mail/xlsx'), false],
    ['{attachment: {name: "*salar*"}}', file('mail/z.zip/Salaries 2026.csv'), true],
    ['{attachment: {trait: [macro, type-mismatch]}}', file('mail/a.doc', { traits: ['macro'] }), true],
    ['{attachment: {trait: macro, extension: doc}}', file('mail/a.xls', { traits: ['macro'] }), false],
    ['{attachment: {size: {at_least: 1 kB}}}', file('mail/a', { size: 1000 }), true],
    ['{attachment: {size: {at_least: 1 KiB}}}', file('mail/a', { size: 1000 }), false],
    ['{attachment: {count: 2}}', file('mail/a'), false],
    ['{attachment: {declared_type: text/plain}}', file('mail/a', { declaredType: 'text/plain' }), true],
    ['{size: {at_least: 100 B, at_most: 0.1 kB}}', {}, true],
    ['{size: 101}', {}, false],

    ['{uninspected: any}', {}, false],
    ['{uninspected: any}', sealed('timeout'), true],
    ['{uninspected: encrypted}', sealed('corrupt'), false],
    ['{uninspected: [encrypted, corrupt]}', sealed('corrupt'), true],
    [
      '{uninspected: {reason: unsupported, except_type: "image/*"}}',
      sealed('unsupported', 'mail/a', 'image/png'),
      false,
    ],
    [
      '{uninspected: {reason: unsupported, except_type: "image/*"}}',
      sealed('unsupported', 'mail/a', 'application/x'),
      true,
    ],
    ['{uninspected: {except_type: "image/*"}}', sealed('unsupported', 'mail/zip/member-without-part'), true],
    ['{uninspected: {type: "image/*"}}', sealed('unsupported', 'mail/a', 'image/png'), true],
    ['{uninspected: {path: "*.zip/*"}}', sealed('encrypted', 'mail/a.zip/b'), true],
    ['{uninspected: {count: 2}}', sealed('encrypted'), false],

    ['{time: {days: [sat, sun]}}', at('2026-11-07T12:00:00Z'), true],
    ['{time: {days: [sat, sun]}}', at('2026-11-06T12:00:00Z'), false],
    ['{time: {hours: "08:00-18:00"}}', at('2026-11-06T08:00:00Z'), true],
    ['{time: {hours: "08:00-18:00"}}', at('2026-11-06T18:00:00Z'), false],
    ['{time: {hours: "08:00-18:00", timezone: Asia/Tokyo}}', at('2026-11-06T08:00:00Z'), true],
    ['{time: {hours: "08:00-18:00", timezone: America/New_York}}', at('2026-11-06T08:00:00Z'), false],
    ['{time: {hours: "22:00-06:00"}}', at('2026-11-06T23:30:00Z'), true],
    ['{time: {hours: "22:00-06:00"}}', at('2026-11-06T05:59:00Z'), true],
    ['{time: {hours: "22:00-06:00"}}', at('2026-11-06T06:00:00Z'), false],
    ['{time: {hours: "00:00-24:00"}}', at('2026-11-06T00:00:00Z'), true],

    ['{all: [{channel: mail}, {size: 100}]}', {}, true],
    ['{all: [{channel: mail}, {size: 101}]}', {}, false],
    ['{any: [{channel: upload}, {size: 100}]}', {}, true],
    ['{any: [{channel: upload}, {size: 101}]}', {}, false],
    ['{none: [{channel: upload}, {size: 101}]}', {}, true],
    ['{none: [{channel: upload}, {size: 100}]}', {}, false],
    ['{channel: mail, any: {none: {none: {size: 100}}}}', {}, true],
  ])('%s %#', (when, message, expected) => {
    expect(matches(when, message)).toBe(expected)
  })
})

describe('uploads', () => {
  const upload = (url: string, host?: string): Partial<Envelope> => ({
    channel: 'upload',
    recipients: [],
    request: { method: 'POST', url, headers: host === undefined ? {} : { Host: host } },
  })
  it.each<[string, Partial<Envelope>, boolean]>([
    ['{recipient: {domain: drive.example}}', upload('https://up.drive.example/x'), true],
    ['{recipient: external}', upload('https://up.drive.example/x'), true],
    ['{recipient: internal}', upload('https://wiki.internal.example/x'), true],
    ['{recipient: internal}', upload('/x', 'wiki.internal.example:8080'), true],
    ['{recipient: external}', upload('/x'), true],
    ['{recipient: {domain: drive.example}}', { channel: 'upload', recipients: [{ address: 'Drive.Example' }] }, true],
    ['{recipient: internal}', { channel: 'upload', recipients: [{ address: 'wiki.internal.example' }] }, true],
    ['{recipient: internal}', { channel: 'mail', recipients: [{ address: 'internal.example' }] }, false],
    ['{recipient: external}', upload('http://[broken'), true],
    [
      '{attachment: {extension: csv}}',
      { ...upload('https://a.example/'), client: { address: '', listener: 'l', protocol: '' } },
      false,
    ],
  ])('%s %#', (when, envelope, expected) => {
    expect(matches(when, { envelope })).toBe(expected)
  })

  it('counts the content itself as an attachment', () => {
    const parts = [part(0, 'upload', { filename: 'a.csv' })]
    expect(
      matches('{attachment: {extension: csv}}', { report: { parts }, envelope: upload('https://a.example/') }),
    ).toBe(true)
  })
})
