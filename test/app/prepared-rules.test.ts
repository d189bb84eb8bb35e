import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { packagedRules } from '../../src/app/installation.ts'
import { readYamlFiles } from '../../src/app/policy-files.ts'
import { prepareRules } from '../../src/app/prepare-rules.ts'
import { withPrepared } from '../../src/app/prepared-rules.ts'
import { formatDiagnostic } from '../../src/core/diagnostic.ts'
import { buildRuleSet, type CompiledRuleSet } from '../../src/detect/compile-rules.ts'
import { choicesOf, parseRules, type RuleFile } from '../../src/detect/rules/parse-rules.ts'

let folder: string
let prepared: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-prepared-'))
  prepared = join(folder, 'prepared-rules')
})
afterEach(async () => {
  await rm(folder, { recursive: true })
})

const rule = (id: string, regex: string): RuleFile => ({
  file: `${id}.yaml`,
  text: `# A comment, so that rows differ from entries.
rules:
  - id: ${id}
    name: n
    family: custom
    description: d
    patterns: [{ id: p, regex: '${regex}', confidence: low }]
    examples: [x]
    negative_examples: [y]
`,
})
const GOOD = rule('good', 'abc\\d{4}')

async function afterPreparing(files: readonly RuleFile[]): Promise<readonly RuleFile[]> {
  await prepareRules(files, prepared)
  return await withPrepared(files, prepared)
}

const known = (files: readonly RuleFile[]) => files.filter((file) => file.value !== undefined).map(({ file }) => file)

describe('prepared rules', () => {
  it('are those that the shipped files say, all of them', async () => {
    const files = await readYamlFiles([packagedRules])
    const read = await afterPreparing(files)
    expect(known(read)).toEqual(files.map(({ file }) => file))
    expect(read.every(({ sound }) => sound)).toBe(true)
    const { places: _, ...said } = parseRules(read)
    const { places: __, ...parsed } = parseRules(files)
    expect(said).toEqual(parsed)
    expect(said.rules.length).toBeGreaterThan(900)
    const plansOf = ({ patterns }: CompiledRuleSet) => patterns.map(({ plan }) => plan)
    expect(choicesOf(read).size).toBeGreaterThan(900)
    expect(plansOf(buildRuleSet(said.rules, [], choicesOf(read)))).toEqual(plansOf(buildRuleSet(parsed.rules)))
  }, 120_000)

  it('give way to a file that was edited', async () => {
    const others = [GOOD, rule('other', 'def\\d{4}')]
    await prepareRules(others, prepared)
    const edited = { ...GOOD, text: GOOD.text.replace('abc', 'xyz') }
    const read = await withPrepared([edited, ...others.slice(1)], prepared)
    expect(known(read)).toEqual(['other.yaml'])
    expect(parseRules(read).rules.map(({ patterns }) => patterns[0]?.regex)).toEqual(['xyz\\d{4}', 'def\\d{4}'])
  })

  it.each<readonly [string, readonly RuleFile[]]>([
    ['a bad pattern', [GOOD, rule('bad', 'a(b')]],
    ['a misspelt key', [{ ...GOOD, text: GOOD.text.replace('description', 'descripton') }]],
    ['two rules of one id', [GOOD, { ...GOOD, file: 'again.yaml' }]],
    ['an override twice', [GOOD, override('a'), override('b')]],
    ['a rule that is not there', [override('a')]],
    ['an empty file', [{ file: 'empty.yaml', text: '' }]],
    ['no map', [{ file: 'list.yaml', text: '- a\n' }]],
  ])('of %s give the same complaints, with the same places', async (_, files) => {
    const read = await afterPreparing(files)
    expect(known(read)).toHaveLength(files.length)
    expect(read.some(({ sound }) => sound)).toBe(false)
    const complaints = parseRules(read).diagnostics.map(formatDiagnostic)
    expect(complaints).toEqual(parseRules(files).diagnostics.map(formatDiagnostic))
    expect(complaints).not.toEqual([])
  })

  it.each([
    ['with bad syntax', 'rules: [\n'],
    ['with a key twice', 'rules: []\nrules: []\n'],
    ['with a warning', '%TAG ! tag:example.com,2000:\n%NOPE\n---\nrules: []\n'],
    ['with what JSON cannot say', 'rules: [{ within: .nan }]\n'],
    ['with a zero below zero', 'rules: [{ within: -0.0 }]\n'],
  ])('hold no file %s', async (_, text) => {
    expect(known(await afterPreparing([{ file: 'a.yaml', text }, GOOD]))).toEqual(['good.yaml'])
  })

  it('are used whole or not at all', async () => {
    await prepareRules([GOOD, rule('other', 'def')], prepared)
    const whole = await readFile(prepared, 'utf8')
    const lastLine = whole.lastIndexOf('\n', whole.length - 2) + 1
    const damaged = [
      '',
      whole.slice(0, 10),
      whole.slice(0, whole.indexOf('\n') + 1),
      whole.slice(0, lastLine),
      whole.slice(0, -1),
      `${whole}\n`,
      whole.replace('abc', 'abd'),
      whole.replace('prepared-rules-3', 'prepared-rules-4'),
    ]
    for (const content of damaged) {
      expect(content).not.toBe(whole)
      await writeFile(prepared, content)
      expect(known(await withPrepared([GOOD], prepared))).toEqual([])
    }
    await writeFile(prepared, whole)
    expect(known(await withPrepared([GOOD], prepared))).toEqual(['good.yaml'])
  })

  it('may be missing', async () => {
    expect(await withPrepared([GOOD], prepared)).toEqual([GOOD])
    expect(await withPrepared([GOOD], folder)).toEqual([GOOD])
  })
})

function override(file: string): RuleFile {
  return { file: `${file}.yaml`, text: 'overrides: [{ rule: good, confidence_max: low }]\n' }
}
