import { describe, expect, it } from 'vitest'
import { limits } from '../../src/core/limits.ts'
import { compilePolicies } from '../../src/policy/compile-policies.ts'
import { compile, complaints, directory, known, policyFile } from './policy-fixture.ts'

const rule = (when: string, more = 'action: quarantine') => policyFile(`- id: r\n  when: ${when}\n  ${more}`)

describe('every mistake has a place, a code and a remedy', () => {
  it.each<[string, string, string]>([
    [
      'unknown key of a policy',
      policyFile('- {id: r, when: {channel: mail}, action: block}', 'sevrity: high'),
      '0.yaml:3:1 unknown-key `sevrity` is not a key of a policy; did you mean `severity`?',
    ],
    [
      'unknown key of a rule',
      rule('{channel: mail}', 'acton: block\n  action: block'),
      '0.yaml:6:5 unknown-key `acton` is not a key of a rule; did you mean `action`?',
    ],
    [
      'unknown condition',
      rule('{recipent: external}'),
      '0.yaml:5:12 unknown-key `recipent` is not a key of `when`; did you mean `recipient`?',
    ],
    [
      'unknown key deep inside',
      rule('{all: [{any: [{finding: {detecter: iban}}]}]}'),
      'unknown-key `detecter` is not a key of `when.all.0.any.0.finding`; did you mean `detector`?',
    ],
    [
      'misspelt value of a short form',
      rule('{recipient: externl}'),
      '0.yaml:5:23 invalid-value `when.recipient.class.0` must be one of `internal`, `partner`, `external`, `outside`; did you mean `external`?',
    ],
    [
      'misspelt confidence',
      rule('{finding: {detector: iban, confidence: hgh}}'),
      'must be one of `low`, `medium`, `high`; did you mean `high`?',
    ],
    [
      'missing action',
      policyFile('- id: r\n  when: {channel: mail}'),
      '0.yaml:4:5 missing-key `action` must be one of',
    ],
    ['missing conditions', rule('{}'), 'invalid-value `when`: write at least one condition'],
    [
      'unknown action',
      rule('{channel: mail}', 'action: qarantine'),
      '0.yaml:6:13 invalid-value `action` must be one of `pass`, `encrypt`, `quarantine`, `block`; did you mean `quarantine`?',
    ],
    [
      'duplicate rule',
      policyFile('- {id: r, when: {channel: mail}, action: block}\n- {id: r, when: {channel: upload}, action: block}'),
      '0.yaml:5:10 duplicate-id There is a rule `r` above already; give this one another id.',
    ],
    ['duplicate YAML key', `${rule('{channel: mail}')}\n    action: pass`, 'duplicate-key'],
    ['broken YAML', 'policy: [', 'yaml-syntax'],
    [
      'unknown detector',
      rule('{finding: {detector: credit_crad}}'),
      '0.yaml:5:32 unknown-detector There is no detection rule `credit_crad`; did you mean `credit_card`?',
    ],
    [
      'unknown excepted detector',
      rule('{finding: {family: financial, except_detector: ibn}}'),
      'unknown-detector There is no detection rule `ibn`; did you mean `iban`?',
    ],
    [
      'glob over no detector',
      rule('{finding: {detector: "aws_*"}}'),
      'unknown-detector No detection rule matches `aws_*`; see `sluice rules list`.',
    ],
    [
      'collection as detector',
      rule('{finding: {detector: board-papers}}'),
      'write `document: { collection: board-papers }`',
    ],
    [
      'family of another detector',
      rule('{finding: {detector: iban, family: secret}}'),
      'unreachable-rule No detector named here is of family secret; write `family: financial` or remove the key.',
    ],
    ['nothing to find', rule('{finding: {confidence: high}}'), 'write at least one of detector, family, kind'],
    [
      'unknown collection',
      rule('{document: {collection: bord-papers}}'),
      'unknown-collection There is no collection `bord-papers`; did you mean `board-papers`?',
    ],
    [
      'unknown index',
      rule('{exact_data: custmers}'),
      'unknown-collection There is no exact-data index `custmers`; did you mean `customers`?',
    ],
    [
      'unknown partner list',
      rule('{recipient: {partner_list: aquirers}}'),
      'unknown-partner-list There is no partner list `aquirers`; did you mean `acquirers`?',
    ],
    [
      'unknown group',
      rule('{sender: {group: legal}}'),
      'unknown-group There is no address group `legal`; known: `accounting`, `executives`.',
    ],
    [
      'unknown label level',
      rule('{label: {at_least: confidental}}'),
      'unknown-label-level There is no label level `confidental`; did you mean `confidential`?',
    ],
    ['label levels the wrong way round', rule('{label: {at_least: secret, at_most: public}}'), 'empty-range'],
    [
      'count of nothing',
      rule('{finding: {detector: iban, count: 0}}'),
      'counts start at 1; use `none` to ask for absence',
    ],
    [
      'empty range',
      rule('{finding: {detector: iban, unique: {at_least: 9, at_most: 3}}}'),
      '0.yaml:5:46 empty-range Nothing is at least 9 and at most 3; swap the two or leave one out.',
    ],
    ['share above one', rule('{document: {containment: 20}}'), 'is `20`; write a number from 0 to 1'],
    ['bad size', rule('{size: {at_least: 10 megs}}'), 'write a size such as `10 MB`'],
    ['bad pattern', rule('{attachment: {name: "re:(?=x)"}}'), 'bad-pattern `re:(?=x)` is not a valid RE2 pattern'],
    [
      'bad glob',
      rule('{attachment: {name: "*.{doc,xls"}}'),
      'bad-pattern `*.{doc,xls` has a `{` or `[` without its end',
    ],
    [
      'unknown time zone',
      rule('{time: {days: mon, timezone: Europe/Berln}}'),
      'unknown-timezone There is no time zone `Europe/Berln`',
    ],
    ['bad hours', rule('{time: {hours: 8-18}}'), 'write hours such as `08:00-18:00`'],
    [
      'encrypt options on block',
      rule('{channel: mail}', 'action: block\n  encrypt: {fallback: block}'),
      '0.yaml:7:14 option-without-effect `encrypt` means nothing with `action: block`; write `action: encrypt` or remove it.',
    ],
    [
      'a label on block',
      rule('{channel: mail}', 'action: block\n  write_label: true'),
      'option-without-effect `write_label` means nothing with `action: block`',
    ],
    [
      'an unknown level for the unlabelled',
      rule('{channel: mail}', 'action: pass\n  write_label: {unlabelled: secrte}'),
      'unknown-label-level There is no label level `secrte`; did you mean `secret`?',
    ],
    [
      'an unknown level in a comparison',
      rule('{label: ">= secrte"}'),
      'unknown-label-level There is no label level `secrte`; did you mean `secret`?',
    ],
    ['a comparison that is none', rule('{label: "> secret"}'), '`unlabelled`'],
    [
      'tag on block',
      rule('{channel: mail}', 'action: block\n  tag_subject: "[X]"'),
      'option-without-effect `tag_subject` means nothing with `action: block`',
    ],
    [
      'redirect on quarantine',
      rule('{channel: mail}', 'action: quarantine\n  redirect: a@b.example'),
      'option-without-effect `redirect` means nothing with `action: quarantine`',
    ],
    [
      'header of the message itself',
      rule('{channel: mail}', 'action: pass\n  add_header: {name: Content-Type, value: x}'),
      'this header is not for policies',
    ],
    [
      'header injection',
      rule('{channel: mail}', 'action: pass\n  add_header: {name: X-A, value: "a\\r\\nBcc: b"}'),
      'write one line',
    ],
    [
      'two audiences in one entry',
      rule('{channel: mail}', 'action: block\n  notify: {sender: held, manager: held}'),
      'each entry names one of sender, manager, reviewers, addresses',
    ],
    [
      'unknown template',
      rule('{channel: mail}', 'action: block\n  notify: {sender: hold}'),
      'unknown-template There is no notification template `hold`; did you mean `held`?',
    ],
    [
      'test for an unknown recipient',
      `${rule('{channel: mail}')}\ntests:\n  - {name: t, to: a@b.example, expect: {c@d.example: pass}}`,
      'unknown-recipient `c@d.example` is not among the recipients',
    ],
    [
      'test with an unknown rule',
      `${rule('{channel: mail}')}\ntests:\n  - {name: t, expect: pass, rules: [q]}`,
      'unknown-rule',
    ],
  ])('%s', (_name, text, message) => {
    expect(complaints(text).join('\n')).toContain(message)
    expect(compilePolicies([{ file: '0.yaml', text }], known).policies).toBeNull()
  })

  it('reports the mistakes of all rules, tests and files at once', () => {
    const broken = policyFile(
      '- {id: a, when: {recipient: externl}, action: block}\n- {id: b, when: {finding: {detector: ibn}}, action: blok}\n- {id: c, when: {finding: {detector: ibn}}, action: block}',
    )
    const found = complaints([`${broken}\ntests: [{nam: t}]`, 'polcy: x'])
    expect(found.map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      '0.yaml:4:31 invalid-value',
      '0.yaml:5:55 invalid-value',
      '0.yaml:6:40 unknown-detector',
      '0.yaml:7:9 missing-key',
      '0.yaml:7:9 invalid-value',
      '0.yaml:7:10 unknown-key',
      '1.yaml:1:1 missing-key',
      '1.yaml:1:1 missing-key',
      '1.yaml:1:1 missing-key',
      '1.yaml:1:1 unknown-key',
    ])
  })

  it('names the other file of a duplicate policy', () => {
    const text = rule('{channel: mail}')
    expect(complaints([text, text])).toEqual([
      '1.yaml:1:9 duplicate-id There is a policy `p` in 0.yaml already; give this one another id.',
    ])
  })

  it('lets missing detectors be warnings where they are asked to be', () => {
    const text = rule('{finding: {detector: [ibn, iban]}}')
    const { policies, diagnostics } = compilePolicies([{ file: '0.yaml', text }], {
      ...known,
      missingDetectors: 'warning',
    })
    expect(policies).not.toBeNull()
    expect(diagnostics).toMatchObject([{ code: 'unknown-detector', severity: 'warning' }])
  })

  it('refuses an installation without policies', () => {
    expect(complaints([])[0]).toContain('no-policies')
  })
})

describe('unreachable rules', () => {
  it.each<[string, string, string]>([
    [
      'two channels',
      '{all: [{channel: mail}, {channel: upload}]}',
      '`channel mail` and `channel upload` exclude each other',
    ],
    ['inbound to outside', '{direction: inbound, recipient: external}', 'exclude each other'],
    ['internal from outside', '{direction: internal, sender: external}', 'exclude each other'],
    [
      'two recipient classes',
      '{all: [{recipient: internal}, {any: [{recipient: external}, {recipient: partner}]}]}',
      'exclude each other',
    ],
    ['sizes apart', '{all: [{size: {at_most: 1 kB}}, {size: {at_least: 1 MB}}]}', 'exclude each other'],
    ['labelled and unlabelled', '{all: [{label: unlabelled}, {label: {name: x}}]}', 'exclude each other'],
    ['required and excluded', '{all: [{size: 5}], none: [{size: 5}]}', 'is both required and excluded'],
  ])('%s', (_name, when, message) => {
    const found = complaints(rule(when))
    expect(found).toHaveLength(1)
    expect(found[0]).toContain('0.yaml:4:5 unreachable-rule Rule `r` can never match')
    expect(found[0]).toContain(message)
  })

  it('sees the policy in applies_to', () => {
    const text = policyFile('- {id: r, when: {recipient: internal}, action: block}', 'applies_to: {recipient: outside}')
    expect(complaints(text)[0]).toContain('unreachable-rule')
  })

  it('sees an exception that always holds', () => {
    expect(complaints(rule('{recipient: outside, size: 5}', 'unless: {size: 5}\n  action: block'))[0]).toContain(
      'its exception (`size at least 5 bytes`) holds whenever its conditions do',
    )
  })

  it.each<[string, string]>([
    [
      'identical conditions and a weaker action',
      '- {id: a, when: {size: 5, channel: mail}, action: block}\n- {id: b, when: {all: [{channel: mail}, {size: 5}]}, action: quarantine}',
    ],
    [
      'identical conditions and the same action',
      '- {id: a, when: {size: 5}, action: block}\n- {id: b, when: {size: 5}, action: block}',
    ],
    [
      'more conditions and a weaker action',
      '- {id: a, when: {size: 5}, action: block}\n- {id: b, when: {size: 5, channel: mail}, action: quarantine}',
    ],
    ['an earlier weaker rule', '- {id: b, when: {size: 5}, action: pass}\n- {id: a, when: {size: 5}, action: block}'],
  ])('shadowed: %s', (_name, rules) => {
    const found = complaints(policyFile(rules))
    expect(found).toHaveLength(1)
    expect(found[0]).toContain('unreachable-rule Rule `b` never changes a verdict: rule `a` matches whenever it does')
  })

  it.each<[string, string]>([
    [
      'a stricter rule for fewer cases',
      '- {id: a, when: {size: 5}, action: quarantine}\n- {id: b, when: {size: 5, channel: mail}, action: block}',
    ],
    [
      'the same action with another severity for fewer cases',
      '- {id: a, when: {size: 5}, action: block}\n- {id: b, severity: critical, when: {size: 5, channel: mail}, action: block}',
    ],
    [
      'a weaker rule that notifies',
      '- {id: a, when: {size: 5}, action: block}\n- {id: b, when: {size: 5, channel: mail}, action: pass, notify: reviewers}',
    ],
    [
      'a weaker rule where the stricter makes an exception',
      '- {id: a, when: {size: 5}, unless: {channel: mail}, action: block}\n- {id: b, when: {size: 5}, action: quarantine}',
    ],
    [
      'a rule in another mode',
      '- {id: a, mode: monitor, when: {size: 5}, action: block}\n- {id: b, when: {size: 5}, action: quarantine}',
    ],
    [
      'one impossible branch of any',
      '- {id: a, when: {channel: mail, any: [{channel: upload}, {size: 5}]}, action: block}',
    ],
  ])('reachable: %s', (_name, rules) => {
    expect(complaints(policyFile(rules))).toEqual([])
  })
})

describe('limits', () => {
  const nested = (depth: number) => `${'{all: ['.repeat(depth)}{size: 5}${']}'.repeat(depth)}`

  it('policyNestingMax: conditions at the limit and one past it', () => {
    expect(complaints(rule(nested(limits.policyNestingMax)))).toEqual([])
    expect(complaints(rule(nested(limits.policyNestingMax + 1)))[0]).toContain('too-nested')
  })

  it('policyYamlDepthMax: a deeper file is refused, however deep', () => {
    expect(complaints(`a: ${'['.repeat(200)}${']'.repeat(200)}`)[0]).toContain('too-nested')
    expect(complaints(`a: ${'['.repeat(50_000)}`)[0]).toMatch(/too-nested|yaml-syntax/)
  })

  it('policyFileMaxBytes: a file at the limit and one past it', () => {
    const text = rule('{channel: mail}')
    const pad = (size: number) => `${text}\n#${'x'.repeat(size - text.length - 2)}`
    expect(complaints(pad(limits.policyFileMaxBytes))).toEqual([])
    expect(complaints(pad(limits.policyFileMaxBytes + 1))[0]).toContain('too-large')
  })

  it('policyRulesMax: rules of all files at the limit and one past it', () => {
    const file = (id: string, rules: number) =>
      policyFile(
        Array.from({ length: rules }, (_, i) => `- {id: r${i}, when: {size: ${i + 1}}, action: block}`).join('\n'),
      ).replace('policy: p', `policy: ${id}`)
    const half = file('a', limits.policyRulesMax / 2)
    expect(complaints([half, file('b', limits.policyRulesMax / 2)])).toEqual([])
    expect(complaints([half, file('b', limits.policyRulesMax / 2 + 1)])[0]).toContain('too-many')
  })

  it('policyFilesMax: one file too many', () => {
    const files = Array.from({ length: limits.policyFilesMax + 1 }, (_, i) =>
      rule('{channel: mail}').replace('policy: p', `policy: p${i}`),
    )
    expect(complaints(files.slice(1))).toEqual([])
    expect(complaints(files)[0]).toContain('too-many')
  })
})

it('a label is not written without a header to write', () => {
  const text = rule('{channel: mail}', 'action: pass\n  write_label: true')
  expect(complaints(text)).toEqual([])
  expect(complaints(text, { ...known, labelHeader: null })[0]).toContain('no-label-header')
})

describe('revision', () => {
  const text = rule('{channel: mail}')
  const revisionOf = (...texts: string[]) => compile(texts).revision

  it('is sixteen hex digits and the same for the same content', () => {
    expect(revisionOf(text)).toMatch(/^[0-9a-f]{16}$/)
    expect(revisionOf(text)).toBe(revisionOf(`# a comment\n${text}\n`))
    expect(revisionOf(rule('{size: 5, channel: mail}'))).toBe(
      revisionOf(rule('{channel: [mail], size: {at_least: 5 B}}').replace('5 B', '"5"')),
    )
  })

  it('does not depend on the order of files', () => {
    const other = text.replace('policy: p', 'policy: q')
    expect(revisionOf(text, other)).toBe(revisionOf(other, text))
  })

  it('changes with content, label levels and directory, not with tests', () => {
    const first = revisionOf(text)
    expect(revisionOf(text.replace('quarantine', 'block'))).not.toBe(first)
    expect(revisionOf(`${text}\ntests: [{name: t, expect: quarantine}]`)).toBe(first)
    expect(compile(text, { ...known, labelLevels: ['a'] }).revision).not.toBe(first)
    const located = compile(text, { ...known, directory }).revision
    expect(located).not.toBe(first)
    expect(compile(text, { ...known, directory: { ...directory, internalDomains: ['x.example'] } }).revision).not.toBe(
      located,
    )
  })
})

it('a policy set can not be changed', () => {
  const set = compile(rule('{channel: mail}'))
  expect(Object.isFrozen(set) && Object.isFrozen(set.policies) && Object.isFrozen(set.policies[0]?.rules[0])).toBe(true)
})
