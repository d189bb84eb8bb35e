import { expect, it } from 'vitest'
import { testPolicies } from '../../src/policy/test-policies.ts'
import { compile, policyFile } from './policy-fixture.ts'

const rules = `
- {id: cards, mode: monitor, when: {recipient: outside, finding: {detector: credit_card, unique: 2}}, action: quarantine}
- {id: partner, when: {recipient: {partner_list: lawyers}, label: {at_least: confidential}}, action: block}`

function run(...tests: string[]) {
  const text = `${policyFile(rules)}\ntests:\n${tests.map((test) => `  - ${test}`).join('\n')}`
  return testPolicies(compile(text)).map(({ passed, problems }) => (passed ? 'passed' : problems))
}

it('passes what behaves as expected, whatever mode the rules are in', () => {
  expect(
    run(
      '{name: a, findings: [{detector: credit_card, unique: 2}], expect: quarantine, rules: [cards]}',
      '{name: b, findings: credit_card, expect: pass, rules: []}',
      '{name: c, to: [x@internal.example, y@y.example], findings: {detector: credit_card, unique: 2, count: 5}, expect: {x@internal.example: pass, y@y.example: quarantine}}',
      '{name: d, to: x@law.example, partners: {lawyers: law.example}, labels: secret, expect: block}',
      '{name: e, to: x@law.example, labels: secret, expect: pass}',
      '{name: f, channel: upload, to: drive.example, findings: {detector: credit_card, unique: 2}, expect: quarantine}',
      '{name: g, internal: y.example, to: x@y.example, findings: {detector: credit_card, unique: 2}, expect: pass}',
    ),
  ).toEqual(Array(7).fill('passed'))
})

it('fails what does not, and says what differed', () => {
  expect(
    run(
      '{name: a, findings: credit_card, expect: block}',
      '{name: b, findings: {detector: credit_card, unique: 2}, expect: quarantine, rules: [partner]}',
      '{name: c, to: [x@internal.example, y@y.example], findings: {detector: credit_card, unique: 2}, expect: {x@internal.example: block, y@y.example: pass}}',
      '{name: d, channel: upload, to: drive.example, expect: quarantine}',
    ),
  ).toEqual([
    ['someone@external.example should get block but got pass.', 'Matching rules: none.'],
    ['The rules [partner] should match, but [cards] did.'],
    [
      'x@internal.example should get block but got pass.',
      'y@y.example should get pass but got quarantine.',
      'Matching rules: cards.',
    ],
    ['The upload should get quarantine but got pass.', 'Matching rules: none.'],
  ])
})

it('says where the case stands', () => {
  const [result] = testPolicies(compile(`${policyFile(rules)}\ntests:\n  - {name: a, expect: pass}`))
  expect(result).toMatchObject({ policy: 'p', file: '0.yaml', row: 8, name: 'a', passed: true })
})

it('tests a policy alone', () => {
  const other = policyFile('- {id: all, when: {channel: mail}, action: block}').replace('policy: p', 'policy: q')
  const text = `${policyFile(rules)}\ntests:\n  - {name: a, expect: pass}`
  expect(testPolicies(compile([text, other])).map((result) => result.passed)).toEqual([true])
})
