import { describe, expect, it } from 'vitest'
import { explainEvaluation, formatExplanation } from '../../src/policy/explain-evaluation.ts'
import { compile, finding, input, part, policyFile } from './policy-fixture.ts'

const explain = (rules: string, given: Parameters<typeof explainEvaluation>[1]) =>
  explainEvaluation(compile(policyFile(rules)), given).flatMap(formatExplanation)

describe('explanations', () => {
  it('name patterns by their words', () => {
    const rules = `
- id: marked
  when:
    label:
      name: ['re:(^|[^-\\pL])(top secret|secret)($|[^\\pL])', 're:^tlp[: -]*red($|[^\\pL])', 're:^\\d+$']
  action: block`
    expect(explain(rules, input(['a@x.example']))[1]).toBe(
      '  - label name words like top secret or words like tlp or re:^\\d+$: there is no label',
    )
  })

  it('reads like this', () => {
    const rules = `
- id: cards
  when:
    all:
      - recipient: outside
      - finding: { detector: credit_card, confidence: high, unique: { at_least: 5 } }
  unless:
    - recipient: { partner_list: acquirers }
  action: quarantine
- id: sealed
  mode: monitor
  when:
    any:
      - uninspected: encrypted
      - label: { at_least: confidential }
  action: block
- id: weekend
  when: { all: [{ time: { days: [sat, sun] } }, { none: [{ channel: mail }] }, { any: [{ size: 1 GB }, { channel: upload }] }] }
  action: block`
    const given = input(['a@x.example', 'b@internal.example', 'c@acquirer.example'], {
      parts: [part(0, 'mail'), part(1, 'mail/a.zip')],
      findings: [finding('f1', { low: 6, high: 3 })],
      uninspected: [{ path: 'mail/a.zip', reason: 'encrypted', detail: 'ZipCrypto' }],
    })
    expect(explain(rules, given)).toEqual([
      'p/cards (quarantine, enforce): near miss',
      '  for a@x.example: no match',
      '    ~ all of: 1 of 2 hold',
      '      + recipient outside: a@x.example is external',
      '      ~ finding credit_card, high confidence, at least 5 distinct: 3 found, 3 distinct, at high confidence, needs at least 5 distinct; 6 at any confidence',
      '    unless',
      '      - recipient on partner list acquirers: a@x.example is external, not on partner list acquirers',
      '  for b@internal.example: no match',
      '    - all of: 0 of 2 hold',
      '      - recipient outside: b@internal.example is internal, not outside',
      '      ~ finding credit_card, high confidence, at least 5 distinct: 3 found, 3 distinct, at high confidence, needs at least 5 distinct; 6 at any confidence',
      '    unless',
      '      - recipient on partner list acquirers: b@internal.example is internal, not on partner list acquirers',
      '  for c@acquirer.example: no match',
      '    ~ all of: 1 of 2 hold',
      '      + recipient outside: c@acquirer.example is partner',
      '      ~ finding credit_card, high confidence, at least 5 distinct: 3 found, 3 distinct, at high confidence, needs at least 5 distinct; 6 at any confidence',
      '    unless',
      '      + recipient on partner list acquirers: c@acquirer.example is partner',
      'p/sealed (block, monitor): matched',
      '  for a@x.example, b@internal.example, c@acquirer.example: matched',
      '    + one of: 1 of 2 hold',
      '      + uninspected encrypted: 1 of 1 fit: encrypted at mail/a.zip',
      '      - label at least confidential: there is no label',
      'p/weekend (block, enforce): no match',
      '  - time sat or sun UTC: it is Tue 10:00',
      '  - channel mail: the channel is mail',
      '  - size at least 1000000000 bytes: the size is 100 bytes',
      '  - channel upload: the channel is mail',
    ])
  })

  it.each<[string, string, Parameters<typeof input>[1], string]>([
    [
      'a lower confidence',
      '{finding: {detector: credit_card}}',
      { findings: [finding('f1', { low: 2 })] },
      '0 found, 0 distinct, at medium confidence or above, needs at least one; 2 at any confidence',
    ],
    [
      'matches silenced by context',
      '{finding: {detector: credit_card}}',
      {
        nearMisses: [
          {
            detector: 'credit_card',
            part: 'mail',
            start: 0,
            end: 1,
            silencedBy: { kind: 'anti-evidence', name: 'order', effect: 'silenced' },
          },
        ],
      },
      'none found; 1 silenced by context',
    ],
    [
      'matches spread over parts',
      '{finding: {detector: credit_card, count: 3, within: part}}',
      { findings: [finding('f1', { high: 4, perPart: { a: 2, b: 2 } })] },
      'at most 2 in one part, needs at least 3 matches in one part',
    ],
    [
      'too little of a document',
      '{document: {containment: 0.5}}',
      { findings: [finding('f1', { kind: 'fingerprint', high: 1, containment: 0.31 })] },
      'found too little: containment up to 0.31 (f1)',
    ],
  ])('a near miss by %s', (_name, when, report, why) => {
    const policies = compile(policyFile(`- {id: r, when: ${when}, action: block}`))
    const [explanation] = explainEvaluation(policies, input(['a@x.example'], report))
    expect(explanation).toMatchObject({ matched: false, nearMiss: true })
    expect(explanation?.outcomes[0]?.missing[0]).toContain(why)
  })

  it.each<[string, string, boolean]>([
    ['the same reason elsewhere', '{uninspected: {reason: encrypted, path: "*.7z"}}', true],
    ['fewer than it asks for', '{uninspected: {count: 2}}', true],
    ['another reason', '{uninspected: corrupt}', false],
  ])('what was not inspected for %s', (_name, when, nearMiss) => {
    const policies = compile(policyFile(`- {id: r, when: ${when}, action: block}`))
    const report = { uninspected: [{ path: 'mail/a.zip', reason: 'encrypted' as const, detail: 'ZipCrypto' }] }
    const [explanation] = explainEvaluation(policies, input(['a@x.example'], report))
    expect(explanation).toMatchObject({ matched: false, nearMiss })
  })

  it('names the exception that spared a message', () => {
    const policies = compile(policyFile('- {id: r, when: {size: 1}, unless: {channel: mail}, action: block}'))
    expect(explainEvaluation(policies, input(['a@x.example']))).toMatchObject([
      { matched: false, nearMiss: true, outcomes: [{ missing: ['excepted: channel mail'] }] },
    ])
  })

  it('is no near miss when nothing points that way', () => {
    const policies = compile(policyFile('- {id: r, when: {finding: {detector: iban}}, action: block}'))
    expect(explainEvaluation(policies, input(['a@x.example']))).toMatchObject([{ matched: false, nearMiss: false }])
  })

  it('explains rules that are off, and uploads', () => {
    const policies = compile(policyFile('- {id: r, mode: off, when: {channel: upload}, action: block}'))
    expect(explainEvaluation(policies, input([], {}, { channel: 'upload' }))).toMatchObject([
      { mode: 'off', matched: true, outcomes: [{ recipients: [], matched: true }] },
    ])
  })

  it('no-raw-value-outside-blobs: neither reasons nor explanations carry content', () => {
    const labels = [{ scheme: 'header', id: 'SECRET-ID', name: 'SECRET-NAME', part: 'mail', level: null, rank: null }]
    const rules =
      '- {id: r, when: {any: [{finding: {detector: credit_card}}, {label: unmapped}, {label: {name: x}}]}, action: block}'
    const text = JSON.stringify(
      explain(rules, input(['a@x.example'], { labels, findings: [finding('f1', { high: 1 })] })),
    )
    expect(text).not.toContain('SECRET')
  })
})
