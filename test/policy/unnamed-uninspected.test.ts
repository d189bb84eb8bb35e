import { describe, expect, it } from 'vitest'
import { UNINSPECTED_REASONS, type UninspectedReason } from '../../src/core/extraction.ts'
import { evaluate } from '../../src/policy/evaluate.ts'
import { testPolicies } from '../../src/policy/test-policies.ts'
import { compile, input, policyFile } from './policy-fixture.ts'

const other = policyFile('- { id: cards, when: { finding: { detector: credit_card } }, action: block, message: m }\n')
const rule = (uninspected: string, more = '') =>
  policyFile(`- { id: r, when: { uninspected: ${uninspected} }, action: encrypt, message: m${more} }\n`)

function verdict(policies: string | readonly string[], ...reasons: readonly UninspectedReason[]) {
  const uninspected = reasons.map((reason) => ({ path: `mail/${reason}.zip`, reason, detail: 'test' }))
  return evaluate(compile(policies), input(['x@external.example'], { uninspected }))
}

describe('fail-closed: what could not be inspected, and no policy names', () => {
  it.each(UNINSPECTED_REASONS)('%s holds the message for every recipient, and says why', (reason) => {
    const { action, groups, reasons } = verdict(other, reason)
    expect(action).toBe('quarantine')
    expect(groups.map((group) => group.action)).toEqual(['quarantine'])
    expect(reasons).toMatchObject([
      {
        policy: 'built-in',
        rule: 'uninspected-unnamed',
        action: 'quarantine',
        message: `Not inspected (${reason}), and no policy says what becomes of that.`,
      },
    ])
  })

  it('is what a policy says once one names the case, in any mode but off', () => {
    expect(verdict([rule('encrypted')], 'encrypted').action).toBe('encrypt')
    expect(verdict([rule('encrypted', ', mode: monitor')], 'encrypted').action).toBe('pass')
    expect(verdict([rule('any')], 'corrupt').action).toBe('encrypt')
    expect(verdict([rule('encrypted', ', mode: off')], 'encrypted').action).toBe('quarantine')
    expect(verdict([rule('encrypted').replace('name: P\n', 'name: P\nmode: off\n')], 'encrypted').action).toBe(
      'quarantine',
    )
  })

  it('holds for one case though another is named, and never softens a block', () => {
    expect(verdict([rule('encrypted')], 'encrypted', 'corrupt').action).toBe('quarantine')
    const block = policyFile('- { id: r, when: { uninspected: encrypted }, action: block, message: m }\n')
    expect(verdict([block], 'encrypted', 'corrupt').action).toBe('block')
  })

  it('is not the business of the test cases of one policy', () => {
    const tested = `${other}tests:\n  - { name: t, uninspected: [encrypted], expect: pass }\n`
    expect(testPolicies(compile(tested))).toMatchObject([{ passed: true }])
  })
})
