import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { formatDiagnostic } from '../../src/core/diagnostic.ts'
import { parseRules } from '../../src/detect/rules/parse-rules.ts'
import { compilePolicies } from '../../src/policy/compile-policies.ts'
import { conditionKinds } from '../../src/policy/condition-registry.ts'
import { editorForms } from '../../src/policy/forms.ts'
import { policyJsonSchema } from '../../src/policy/json-schema.ts'
import { policyFileSchema } from '../../src/policy/policy-schema.ts'
import { testPolicies } from '../../src/policy/test-policies.ts'

const root = resolve(import.meta.dirname, '../..')

function yamlFiles(folder: string) {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.yaml'))
    .sort()
    .map((file) => ({ file: join(folder, file), text: readFileSync(join(root, folder, file), 'utf8') }))
}

const packs = yamlFiles('policies')
const { rules } = parseRules(yamlFiles('rules'))
/** What a fresh installation knows: shipped detection rules, no lists, no label map. */
const fresh = {
  detectors: rules.map(({ id, family }) => ({ id, family })),
  collections: [],
  labelLevels: [],
  directory: { internalDomains: [], partners: {}, groups: {} },
}

describe('shipped packs', () => {
  it('compile together on a fresh installation without a complaint', () => {
    expect(compilePolicies(packs, fresh).diagnostics.map(formatDiagnostic)).toEqual([])
  })

  it.each(packs)('$file compiles alone and its test cases hold', (pack) => {
    const { policies } = compilePolicies([pack], fresh)
    const results = policies ? testPolicies(policies) : []
    expect(results.length).toBeGreaterThan(3)
    expect(results.filter((result) => !result.passed)).toEqual([])
  })

  it.each(packs)('every enforced rule of $file is named by a test case', (pack) => {
    const written = parse(pack.text) as { rules: { id: string; mode?: string }[]; tests: { rules?: string[] }[] }
    const tested = new Set(written.tests.flatMap((test) => test.rules ?? []))
    const untested = written.rules.filter((rule) => rule.mode !== 'monitor' && !tested.has(rule.id))
    expect(untested.map((rule) => rule.id)).toEqual([])
  })

  it.each(packs)('$file is accepted by the schema that editors use', (pack) => {
    expect(policyFileSchema(editorForms).safeParse(parse(pack.text)).error).toBeUndefined()
  })
})

it('the JSON Schema knows every kind of condition', () => {
  const schema = policyJsonSchema() as { definitions: { condition: { properties: object } } }
  expect(Object.keys(schema.definitions.condition.properties).sort()).toEqual(
    ['all', 'any', 'none', ...conditionKinds.map((kind) => kind.key)].sort(),
  )
})
