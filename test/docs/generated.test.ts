import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { configJsonSchema, configReference } from '../../src/app/config-reference.ts'
import { readYamlFiles } from '../../src/app/policy-files.ts'
import { rulesReference } from '../../src/app/rules-reference.ts'
import { parseRules } from '../../src/detect/rules/parse-rules.ts'
import { ruleJsonSchema } from '../../src/detect/rules/rule-json-schema.ts'
import { policyJsonSchema } from '../../src/policy/json-schema.ts'

const root = resolve(import.meta.dirname, '../..')

/** What stands in the repository and is made by a command: file, command, and what the command prints. */
const generated: readonly [file: string, command: string, make: () => string | Promise<string>][] = [
  ['docs/configuration.md', 'config reference', configReference],
  ['docs/rules.md', 'rules reference --rules rules', async () => rulesReference(await packagedRules())],
  ['schemas/config.schema.json', 'config schema config', () => json(configJsonSchema())],
  ['schemas/policy.schema.json', 'config schema policy', () => json(policyJsonSchema())],
  ['schemas/rules.schema.json', 'config schema rules', () => json(ruleJsonSchema())],
]

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`

async function packagedRules() {
  const { rules, diagnostics } = parseRules(await readYamlFiles([join(root, 'rules')]))
  expect(diagnostics.filter((diagnostic) => diagnostic.severity === 'error')).toEqual([])
  return rules
}

describe('generated files are current', () => {
  it.each(generated)('%s', async (file, command, make) => {
    const path = join(root, file)
    const current = existsSync(path) && readFileSync(path, 'utf8') === (await make())
    const say = `${file} is out of date. Make it anew:\n  node src/cli/main.ts ${command} > ${file}`
    expect(current, say).toBe(true)
  })
})

describe('the rules’ reference page', () => {
  it('says of every rule what it is, how sure, and what it misses', async () => {
    const rules = await packagedRules()
    const page = rulesReference(rules)
    const sections = page.split(/^### /m).slice(1)
    expect(sections.length).toBe(rules.length)
    for (const section of sections) expect(section).toMatch(/^- Confidence: `(?:low|medium|high)`/m)
  })

  it('names what lifts a match and what it can’t do without', () => {
    const page = rulesReference([
      {
        id: 'sample_number',
        name: 'Sample',
        family: 'custom',
        description: 'A number | with a bar',
        references: [],
        regulations: ['GDPR'],
        patterns: [
          {
            id: 'a',
            regex: 'a',
            boundary: 'word',
            validators: [],
            confidence: 'low',
            requires: [],
            raise: { words: 'high' },
          },
          {
            id: 'b',
            regex: 'b',
            boundary: 'word',
            validators: [],
            confidence: 'low',
            requires: ['x'],
            raise: { x: 'medium' },
          },
        ],
        evidence: {},
        antiEvidence: {
          order: { keywords: ['order'], patterns: [], values: [], within: 9, side: 'either', effect: 'silence' },
        },
        threshold: { unique: 5, belowConfidence: null },
        examples: [],
        negativeExamples: [],
        knownMisses: ['spelt out'],
      },
    ])
    expect(page).toContain('Sample. A number \\| with a bar.')
    expect(page).toContain('- Confidence: `low`, `high` near `words`; or `medium`, only near `x`')
    expect(page).toContain('- Lowered by: `order` (silenced)')
    expect(page).toContain('- In bulk: from 5 distinct values in one part on; fewer are no finding')
    expect(page).toContain('- Known misses: spelt out')
  })
})

describe('the configuration’s reference page', () => {
  const row = (key: string) =>
    configReference()
      .split('\n')
      .find((line) => line.startsWith(`| \`${key}\` |`))

  it('has every key once, with the variants of a section together', () => {
    const keys = [...configReference().matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1])
    expect(new Set(keys).size).toBe(keys.length)
    expect(row('dispatch.kind')).toContain('| `embedded` or `bullmq` | required |')
    expect(row('delivery.default.hosts')).not.toContain('required')
    expect(row('limits.message_size')).toContain('| size | `50MB` |')
    expect(row('delivery.expire')).toContain('| time | `5d` |')
  })

  it('says what every limit does', () => {
    const silent = configReference()
      .split('\n')
      .filter((line) => /^\| `limits\..*\| {2}\|$/.test(line))
    expect(silent).toEqual([])
  })
})
