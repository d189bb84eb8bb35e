import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readRuleFiles } from '../../src/app/rule-files.ts'
import { formatDiagnostic } from '../../src/core/diagnostic.ts'
import { compileRules } from '../../src/detect/compile-rules.ts'
import { testRules } from '../../src/detect/test-rules.ts'

const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/policy-author.md'), 'utf8')
const section = page.slice(page.indexOf('## Your own detection rules'), page.indexOf('## What mistakes look like'))
const blocks = [...section.matchAll(/```yaml\n(.*?)```/gs)].map((match) => match[1] ?? '')
const files = blocks
  .filter((text) => /^(?:rules:\n|overrides:)/.test(text))
  .map((text, i) => ({ file: `example-${i + 1}.yaml`, text }))

/** Those that the examples name. */
const SHIPPED = ['financial', 'contact', 'national-id/north-america.yaml']

describe('the examples of own rules in the policy author’s page', () => {
  it('hold as they stand, beside the shipped rules', async () => {
    expect(files.length).toBeGreaterThanOrEqual(5)
    const { rules, diagnostics } = compileRules([
      ...(await readRuleFiles(SHIPPED.map((path) => join(root, 'rules', path)))),
      ...files,
    ])
    expect(diagnostics.map(formatDiagnostic)).toEqual([])
    if (!rules) throw new Error('no rules')
    const own = new Set(
      files.flatMap(({ text }) => [...text.matchAll(/(?:- id|- rule): ([a-z_]+)$/gm)].map((m) => m[1] ?? '')),
    )
    const results = testRules(rules, own)
    expect(results.length).toBeGreaterThanOrEqual(12)
    expect(results.filter(({ ok }) => !ok)).toEqual([])
  })
})
