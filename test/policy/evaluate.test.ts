import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../src/core/errors.ts'
import { evaluate } from '../../src/policy/evaluate.ts'
import { compile, directory, finding, input, part, policyFile } from './policy-fixture.ts'

const decide = (rules: string, given: Parameters<typeof evaluate>[1]) => evaluate(compile(policyFile(rules)), given)
const card = { findings: [finding('f1', { high: 2 })] }

describe('verdicts', () => {
  it('passes what no rule matches, byte for byte and without reasons', () => {
    const decision = decide('- {id: r, when: {channel: upload}, action: block}', input(['b@x.example', 'a@x.example']))
    expect(decision).toMatchObject({
      action: 'pass',
      groups: [{ recipients: ['a@x.example', 'b@x.example'], action: 'pass', modifications: [], notify: [] }],
      reasons: [],
      decidedBy: { kind: 'policy' },
      decidedAt: Date.UTC(2026, 10, 3, 10),
    })
    expect(decision.revisions).toEqual({
      policies: expect.stringMatching(/^[0-9a-f]{16}$/),
      rules: 'r1',
      catalog: 'c1',
    })
  })

  it('splits a mixed message and keeps every reason', () => {
    const rules = `
- {id: hold, severity: high, when: {recipient: outside, finding: {detector: credit_card}}, action: quarantine, message: no}
- {id: stop, severity: low, when: {recipient: {domain: rival.example}}, action: block}
- {id: note, when: {channel: mail}, action: pass}`
    const decision = decide(rules, input(['in@internal.example', 'x@rival.example', 'y@other.example'], card))
    expect(decision.action).toBe('block')
    expect(decision.groups.map(({ recipients, action }) => ({ recipients, action }))).toEqual([
      { recipients: ['x@rival.example'], action: 'block' },
      { recipients: ['y@other.example'], action: 'quarantine' },
      { recipients: ['in@internal.example'], action: 'pass' },
    ])
    expect(decision.reasons).toEqual([
      {
        policy: 'p',
        rule: 'stop',
        severity: 'low',
        action: 'block',
        mode: 'enforce',
        message: 'P',
        findings: [],
        regulations: [],
        recipients: ['x@rival.example'],
      },
      {
        policy: 'p',
        rule: 'hold',
        severity: 'high',
        action: 'quarantine',
        mode: 'enforce',
        message: 'no',
        findings: ['f1'],
        regulations: [],
        recipients: ['x@rival.example', 'y@other.example'],
      },
      {
        policy: 'p',
        rule: 'note',
        severity: 'medium',
        action: 'pass',
        mode: 'enforce',
        message: 'P',
        findings: [],
        regulations: [],
        recipients: ['in@internal.example', 'x@rival.example', 'y@other.example'],
      },
    ])
  })

  it('excepts per recipient', () => {
    const rules =
      '- {id: r, when: {recipient: outside}, unless: [{recipient: {partner_list: acquirers}}, {size: 1 GB}], action: block}'
    const decision = decide(rules, input(['a@acquirer.example', 'b@x.example']))
    expect(decision.groups.map(({ recipients, action }) => [action, ...recipients])).toEqual([
      ['block', 'b@x.example'],
      ['pass', 'a@acquirer.example'],
    ])
  })

  it('gives a message without recipients one group without recipients', () => {
    const given = input([], card, {
      channel: 'upload',
      request: { method: 'PUT', url: 'https://x.example/', headers: {} },
    })
    const decision = decide(
      '- {id: r, when: {recipient: external, finding: {detector: credit_card}}, action: block}',
      given,
    )
    expect(decision.groups).toEqual([{ recipients: [], action: 'block', modifications: [], notify: [] }])
    expect(decision.reasons[0]?.recipients).toEqual([])
  })

  it('records monitored rules and does nothing for them', () => {
    const rules =
      '- {id: r, mode: monitor, when: {channel: mail}, action: block, notify: reviewers}\n- {id: o, mode: off, when: {channel: mail}, action: pass}'
    const decision = decide(rules, input(['a@x.example']))
    expect(decision.action).toBe('pass')
    expect(decision.groups[0]?.notify).toEqual([])
    expect(decision.reasons).toMatchObject([{ rule: 'r', mode: 'monitor', action: 'block' }])
  })

  it.each([
    ['off', 'enforce', undefined],
    ['monitor', 'enforce', 'monitor'],
    ['enforce', 'monitor', 'monitor'],
    ['enforce', undefined, 'enforce'],
  ])('a policy in mode %s with a rule in mode %s records %s', (policy, rule, recorded) => {
    const text = policyFile(
      `- {id: r, ${rule ? `mode: ${rule}, ` : ''}when: {channel: mail}, action: block}`,
      `mode: ${policy}`,
    )
    expect(evaluate(compile(text), input(['a@x.example'])).reasons.map((reason) => reason.mode)).toEqual(
      recorded ? [recorded] : [],
    )
  })

  it('inherits severity, regulations, exceptions, scope and notices, and lets a rule say otherwise', () => {
    const text = policyFile(
      '- {id: a, when: {channel: mail}, action: block}\n- {id: b, severity: low, regulations: HIPAA, applies_to: {recipient: internal}, when: {size: 1}, action: block, notify: sender}',
      'severity: critical\nregulations: [GDPR]\napplies_to: {recipient: outside}\nunless: {sender: {group: accounting}}\nnotify: reviewers',
    )
    const policies = compile(text)
    expect(evaluate(policies, input(['x@x.example']))).toMatchObject({
      reasons: [{ rule: 'a', severity: 'critical', regulations: ['GDPR'] }],
      groups: [{ notify: [{ audience: 'reviewers', addresses: ['dpo@internal.example'], template: 'blocked' }] }],
    })
    expect(evaluate(policies, input(['x@internal.example']))).toMatchObject({
      reasons: [{ rule: 'b', severity: 'low', regulations: ['GDPR', 'HIPAA'] }],
      groups: [{ notify: [{ audience: 'sender', addresses: ['someone@internal.example'], template: 'blocked' }] }],
    })
    expect(evaluate(policies, input(['x@x.example'], {}, { sender: 'billing@internal.example' })).action).toBe('pass')
  })

  it('fails by throwing when a list that a policy names is gone', () => {
    const policies = compile(
      policyFile('- {id: r, when: {size: 1}, unless: {recipient: {partner_list: lawyers}}, action: block}'),
    )
    const given = { ...input(['a@x.example']), directory: { ...directory, partners: {} } }
    expect(() => evaluate(policies, given)).toThrow(GatewayError)
  })
})

describe('what matching rules do together', () => {
  it('unites modifications and notices, in a fixed order', () => {
    const rules = `
- {id: a, when: {size: 1}, action: pass, tag_subject: '[B]', add_header: [{name: X-B, value: b}], redirect: [q@x.example], notify: [sender, manager]}
- {id: b, when: {channel: mail}, action: pass, tag_subject: '[A]', add_header: [{name: X-A, value: a}, {name: X-B, value: b}], redirect: p@x.example, notify: [{sender: default}, {addresses: [c@x.example, b@x.example], template: held}]}`
    const decision = decide(rules, input(['a@x.example']))
    expect(decision.groups[0]?.modifications).toEqual([
      { kind: 'tag-subject', tag: '[A]' },
      { kind: 'tag-subject', tag: '[B]' },
      { kind: 'add-header', name: 'X-A', value: 'a' },
      { kind: 'add-header', name: 'X-B', value: 'b' },
      { kind: 'redirect', to: ['p@x.example', 'q@x.example'] },
    ])
    expect(decision.groups[0]?.notify).toEqual([
      { audience: 'address', addresses: ['b@x.example', 'c@x.example'], template: 'held' },
      { audience: 'manager', addresses: ['boss@internal.example'], template: 'passed' },
      { audience: 'sender', addresses: ['someone@internal.example'], template: 'passed' },
    ])
  })

  it('writes the highest label level, from whatever part, as one header', () => {
    const label = (level: string | null, rank: number | null, place = 'mail') =>
      ({ scheme: 'msip', id: '', name: 'L', part: place, level, rank }) as const
    const written = (rules: string, ...labels: ReturnType<typeof label>[]) =>
      decide(rules, input(['a@x.example'], { labels })).groups[0]?.modifications
    const plain = '- {id: a, when: {channel: mail}, action: pass, write_label: true}'
    const secret = [{ kind: 'set-header', name: 'X-Class', value: 'Secret' }]
    expect(written(plain, label('public', 0), label('secret', 3, 'mail/a.docx'), label(null, null))).toEqual(secret)
    expect(written(plain, label('public', 0))).toEqual([{ kind: 'set-header', name: 'X-Class', value: 'Public' }])
    expect(written(plain, label(null, null))).toEqual([])
    const stamping = `${plain.replace('true', '{unlabelled: public}')}
- {id: b, when: {size: 1}, action: pass, write_label: {unlabelled: internal}}`
    expect(written(stamping)).toEqual([{ kind: 'set-header', name: 'X-Class', value: 'Internal' }])
    expect(written(stamping, label('secret', 3))).toEqual(secret)
  })

  it('groups recipients by everything that follows, not by action alone', () => {
    const rules = "- {id: a, when: {recipient: {domain: x.example}}, action: pass, tag_subject: '[X]'}"
    const decision = decide(rules, input(['a@x.example', 'b@y.example', 'c@x.example']))
    expect(decision.groups.map((group) => group.recipients)).toEqual([['b@y.example'], ['a@x.example', 'c@x.example']])
  })

  it('tells people what became of the message, not what one rule wanted', () => {
    const rules = `
- {id: a, when: {size: 1}, action: pass, notify: sender}
- {id: b, when: {recipient: {domain: x.example}}, action: block}`
    const decision = decide(rules, input(['a@x.example', 'b@y.example']))
    expect(decision.groups.map(({ recipients, notify }) => [...recipients, notify[0]?.template])).toEqual([
      ['a@x.example', 'blocked'],
      ['b@y.example', 'passed'],
    ])
  })

  it('tells the reviewers where no manager is known, and nobody about a bounce', () => {
    const rules = '- {id: a, when: {size: 1}, action: block, notify: [sender, manager]}'
    expect(decide(rules, input(['a@x.example'], {}, { sender: 'new@internal.example' })).groups[0]?.notify).toEqual([
      { audience: 'reviewers', addresses: ['dpo@internal.example'], template: 'blocked' },
      { audience: 'sender', addresses: ['new@internal.example'], template: 'blocked' },
    ])
    expect(
      decide('- {id: a, when: {size: 1}, action: block, notify: sender}', input(['a@x.example'], {}, { sender: '' }))
        .groups[0]?.notify,
    ).toEqual([])
  })

  it('encrypts with what every rule allows and the strictest fallback', () => {
    const rules = `
- {id: a, when: {size: 1}, action: encrypt}
- {id: b, when: {channel: mail}, action: encrypt, encrypt: {methods: [openpgp, smime], fallback: pass}}
- {id: c, when: {recipient: outside}, action: encrypt, encrypt: {methods: openpgp, fallback: block}}`
    expect(decide(rules, input(['a@x.example'])).groups).toMatchObject([
      { action: 'encrypt', encrypt: { methods: ['openpgp'], fallback: 'block' } },
    ])
    expect(decide(rules, input(['a@internal.example'])).groups).toMatchObject([
      { encrypt: { methods: ['smime', 'openpgp'], fallback: 'quarantine' } },
    ])
  })

  it('holds where rules ask for methods that exclude each other, and says so', () => {
    const rules = `
- {id: a, when: {size: 1}, action: encrypt, encrypt: {methods: smime, fallback: pass}}
- {id: b, when: {channel: mail}, action: encrypt, encrypt: {methods: openpgp, fallback: pass}}`
    const decision = decide(rules, input(['a@x.example']))
    expect(decision.groups).toEqual([
      { recipients: ['a@x.example'], action: 'quarantine', modifications: [], notify: [] },
    ])
    expect(decision.reasons.filter((reason) => reason.action === 'quarantine').map((reason) => reason.rule)).toEqual([
      'a',
      'b',
    ])
    expect(decision.reasons[0]?.message).toContain('exclude each other')
  })

  it('keeps the encryption plan of a held message for its release', () => {
    const rules = '- {id: a, when: {size: 1}, action: encrypt}\n- {id: b, when: {channel: mail}, action: quarantine}'
    expect(decide(rules, input(['a@x.example'])).groups).toMatchObject([
      { action: 'quarantine', encrypt: { methods: ['smime', 'openpgp'] } },
    ])
  })
})

describe('taking attachments out', () => {
  const parts = [
    part(0, 'mail'),
    part(1, 'mail/[1]', { filename: null, sniffedType: 'text/plain' }),
    part(2, 'mail/a.zip', { sniffedType: 'application/zip' }),
    part(3, 'mail/a.zip/b.xlsx', { parent: 2, depth: 2 }),
    part(4, 'mail/c.exe', { sniffedType: 'application/x-msdownload' }),
    part(5, 'mail/fwd.eml', { sniffedType: 'message/rfc822' }),
    part(6, 'mail/fwd.eml/d.exe', { parent: 5, depth: 2 }),
  ]
  const matched = '- {id: r, when: {finding: {detector: credit_card}}, action: pass, strip_attachments: matched}'
  const withCard = (perPart: Record<string, number>, low = Object.values(perPart).reduce((a, b) => a + b, 0)) =>
    input(['a@x.example'], { parts, findings: [finding('f1', { low, high: low, perPart })] })

  it('takes out the attachment of the mail that holds what matched', () => {
    expect(decide(matched, withCard({ 'mail/a.zip/b.xlsx': 1 })).groups).toMatchObject([
      { action: 'pass', modifications: [{ kind: 'strip-attachment', paths: ['mail/a.zip'] }] },
    ])
  })

  it.each<[string, Record<string, number>, number]>([
    ['stands in the body', { 'mail/[1]': 1 }, 1],
    ['stands in the body too', { 'mail/a.zip/b.xlsx': 1, 'mail/[1]': 1 }, 2],
    ['stands in parts that the report no longer lists', { 'mail/a.zip/b.xlsx': 1 }, 5],
    ['stands in the message itself', { mail: 1 }, 1],
  ])('holds the message when what matched %s', (_name, perPart, low) => {
    const decision = decide(matched, withCard(perPart, low))
    expect(decision.action).toBe('quarantine')
    expect(JSON.stringify(decision.groups)).not.toContain('mail/[1]')
    expect(decision.reasons[0]).toMatchObject({
      action: 'quarantine',
      message: expect.stringContaining('could be taken out'),
    })
  })

  it('takes out by type, extension and name, also from forwarded mail', () => {
    const rules =
      '- {id: r, when: {size: 1}, action: pass, strip_attachments: {extension: exe, type: application/zip, note: gone}}'
    expect(decide(rules, input(['a@x.example'], { parts })).groups[0]?.modifications).toEqual([
      { kind: 'strip-attachment', paths: ['mail/a.zip', 'mail/c.exe', 'mail/fwd.eml/d.exe'], note: 'gone' },
    ])
    expect(decide(rules, input(['a@x.example'])).groups[0]?.modifications).toEqual([])
  })

  it('cannot take anything out of an upload, so it holds it', () => {
    const given = input(
      [],
      { parts, findings: [finding('f1', { high: 1, perPart: { 'mail/c.exe': 1 } })] },
      { channel: 'upload' },
    )
    expect(decide(matched, given)).toMatchObject({ action: 'quarantine', groups: [{ modifications: [] }] })
  })
})
