import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { FAMILIES } from '../../src/core/finding.ts'
import { conditionKinds } from '../../src/policy/condition-registry.ts'
import { testPolicies } from '../../src/policy/test-policies.ts'
import { compile, complaints, known, policyFile } from './policy-fixture.ts'

const root = resolve(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/policy-author.md'), 'utf8')
const examples = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) => match[1] ?? '')

describe('docs/policy-author.md', () => {
  it('shows a whole policy that compiles and whose tests hold', () => {
    const policies = compile(examples.find((example) => example.includes('\npolicy:')) ?? '')
    const results = testPolicies(policies)
    expect(results).toHaveLength(2)
    expect(results.every((result) => result.passed)).toBe(true)
  })

  const conditions = examples.filter((example) => /^(when|finding|time):/.test(example))
  it.each(conditions.map((text) => [text.split('\n', 1)[0], text]))(
    'shows a condition that compiles: %s',
    (_first, text) => {
      const when = text.startsWith('when:') ? text : `when:\n${text.replace(/^(?=.)/gm, '  ')}`
      const rule = `- id: r\n  action: block\n${when.replace(/^(?=.)/gm, '  ')}`
      const names = {
        ...known,
        detectors: FAMILIES.map((family) => ({
          id: family === 'national_id' ? 'us_ssn' : family === 'financial' ? 'credit_card' : family,
          family,
        })).concat({ id: 'iban', family: 'financial' }),
      }
      expect(complaints(policyFile(rule), names)).toEqual([])
    },
  )
  it('shows at least four conditions', () => {
    expect(conditions.length).toBeGreaterThanOrEqual(4)
  })

  it('names every kind of condition', () => {
    expect(
      conditionKinds
        .map((kind) => kind.key)
        .filter((key) => !page.includes(`\`${key}\``) && !page.includes(`\n${key}:`)),
    ).toEqual([])
  })

  it('lists every code that this room reports', () => {
    const folder = join(root, 'src/policy')
    const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => readFileSync(join(folder, file), 'utf8'))
    const codes = sources.flatMap((text) => [
      ...text.matchAll(/'((?:unknown|too|bad|empty|option|unreachable|duplicate|missing|no)-[a-z-]+)'/g),
    ])
    const missing = new Set(codes.map((match) => match[1] ?? '').filter((code) => !page.includes(`\`${code}\``)))
    // Not diagnostics: reasons for being uninspected are on the page; this error holds a message.
    expect([...missing].filter((code) => code !== 'policy-unknown-list')).toEqual([])
  })
})
