import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readRuleFiles } from '../../src/app/rule-files.ts'
import { formatDiagnostic } from '../../src/core/diagnostic.ts'
import { limits } from '../../src/core/limits.ts'
import { parseRules } from '../../src/detect/rules/parse-rules.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-rules-'))
  await mkdir(join(folder, 'own/lists'), { recursive: true })
})
afterEach(async () => {
  await rm(folder, { recursive: true })
})

const rule = (file: string) => `rules:
  - id: birds
    name: Birds
    family: custom
    description: d
    words: [{ id: w, confidence: low, files: ['${file}'] }]
    examples: [heron]
    negative_examples: [x]
`

async function complaints(): Promise<string[]> {
  return parseRules(await readRuleFiles([join(folder, 'own')])).diagnostics.map(
    ({ code, message }) => `${code} ${message}`,
  )
}

describe('rule files', () => {
  it('come with the lists that they name', async () => {
    await writeFile(join(folder, 'own/a.yaml'), rule('lists/birds.txt'))
    await writeFile(join(folder, 'own/lists/birds.txt'), 'heron\negret\n')
    const files = await readRuleFiles([join(folder, 'own')])
    expect(files[0]?.lists).toEqual({ 'lists/birds.txt': 'heron\negret\n' })
    const { rules, diagnostics } = parseRules(files)
    expect(diagnostics.map(formatDiagnostic)).toEqual([])
    expect(rules[0]?.words?.[0]?.terms.map(({ text }) => text)).toEqual(['heron', 'egret'])
  })

  it('have no lists where they name none', async () => {
    await writeFile(join(folder, 'own/a.yaml'), 'overrides: [{ rule: x, enabled: false }]\n')
    expect((await readRuleFiles([join(folder, 'own')]))[0]).not.toHaveProperty('lists')
  })

  it('read nothing outside of their folder, by path or by link', async () => {
    await writeFile(join(folder, 'secret.txt'), 'key\n')
    await symlink(join(folder, 'secret.txt'), join(folder, 'own/lists/link.txt'))
    for (const [name, code] of [
      ['lists/link.txt', /^file-missing/],
      ['../secret.txt', /^bad-path/],
      [join(folder, 'secret.txt'), /^bad-path/],
      ['lists', /^file-missing/],
    ] as const) {
      await writeFile(join(folder, 'own/a.yaml'), rule(name))
      expect((await complaints())[0]).toMatch(code)
    }
  })

  it('take a list as large as the limit, and not one byte more', async () => {
    await writeFile(join(folder, 'own/a.yaml'), rule('lists/birds.txt'))
    const list = (bytes: number) => `heron\n#${'x'.repeat(bytes - 7)}`
    await writeFile(join(folder, 'own/lists/birds.txt'), list(limits.wordListFileMaxBytes))
    expect(await complaints()).toEqual([])
    await writeFile(join(folder, 'own/lists/birds.txt'), list(limits.wordListFileMaxBytes + 1))
    expect((await complaints())[0]).toMatch(/^file-missing .*at most \d+ bytes/)
  })
})
