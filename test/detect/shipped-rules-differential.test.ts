import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { limits } from '../../src/core/limits.ts'
import {
  buildRuleSet,
  type CompiledElement,
  type CompiledRuleSet,
  compileRules,
} from '../../src/detect/compile-rules.ts'
import { TextScan } from '../../src/detect/scan-text.ts'
import { rawMatches } from './match/raw-matches.ts'
import { referenceMatches, type Span } from './match/reference.ts'

const root = join(import.meta.dirname, '../..')
const corpora = process.env.SLUICE_CORPORA ?? join(root, '../shared/corpora')

function shippedRules(): CompiledRuleSet {
  const folder = join(root, 'rules')
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => ({ file, text: readFileSync(join(folder, file), 'utf8') }))
  const { rules, diagnostics } = compileRules(files)
  if (!rules) throw new Error(JSON.stringify(diagnostics.slice(0, 3)))
  return rules
}

const rules = shippedRules()

/**
 * Every pattern that is looked for everywhere, at lines' starts or about its literals must find what plain RE2 finds.
 * Those near keywords are held to it where a keyword stands: `rawMatches` gives them the whole text.
 */
function compare(text: Buffer): void {
  const found = rawMatches(rules, text)
  for (const pattern of rules.patterns) {
    // Longer ones are none by the engine's own limit.
    const expected = referenceMatches(pattern.pattern, text).filter(
      ([start, end]) => end - start <= limits.detectMatchMaxBytes,
    )
    if (same(found.get(pattern) ?? [], expected)) continue
    expect.fail(
      `${nameOf(pattern)}: ${JSON.stringify(found.get(pattern)?.slice(0, 5))} but RE2 ${JSON.stringify(expected.slice(0, 5))}`,
    )
  }
}

function same(a: readonly Span[], b: readonly Span[]): boolean {
  return a.length === b.length && a.every((span, i) => span[0] === b[i]?.[0] && span[1] === b[i]?.[1])
}

function nameOf({ rule, pattern }: CompiledElement): string {
  return `${rule.rule.id}/${pattern.id}`
}

describe('shipped rules: the engine finds what plain RE2 finds', () => {
  it('in the examples of all rules, run together', () => {
    const one = rules.rules.flatMap(({ rule }) => [...rule.examples.slice(0, 1), ...rule.negativeExamples.slice(0, 1)])
    compare(Buffer.from(one.join('\n')))
  }, 120_000)

  it('in the examples cut to pieces and joined at random', () => {
    const all = rules.rules.flatMap(({ rule }) => rule.examples).join('  ')
    let state = 42
    const random = (below: number) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return Math.floor((state / 2 ** 32) * below)
    }
    const pieces = Array.from({ length: 1_500 }, () => all.substr(random(all.length), 1 + random(60)))
    compare(Buffer.from(pieces.join('')))
  }, 120_000)

  it.skipIf(!existsSync(corpora))(
    'in mail',
    () => {
      const lines = readFileSync(join(corpora, 'ham/ham.jsonl'), 'utf8').split('\n')
      const mails = lines
        .filter((line, i) => line !== '' && i % 97 === 0)
        .map((line) => (JSON.parse(line) as { raw: string }).raw)
      compare(Buffer.from(mails.join('\n').slice(0, 60_000), 'latin1'))
    },
    120_000,
  )

  it('near keywords: the same as when every place is looked at', () => {
    // Evidence by pattern can't say where to look, so a pattern that never matches makes a rule look everywhere.
    const everywhere = buildRuleSet(
      rules.rules.map(({ rule }) => ({
        ...rule,
        evidence: Object.fromEntries(
          Object.entries(rule.evidence).map(([name, group]) => [
            name,
            { ...group, patterns: [...group.patterns, '\\x{10FFFF}{3}'] },
          ]),
        ),
      })),
    )
    expect(everywhere.patterns.some((pattern) => pattern.plan.by === 'keyword')).toBe(false)
    const texts = rules.rules.flatMap(({ rule }) => rule.examples)
    const table = ['id\tpassport\tnote', ...texts.slice(0, 40).map((text) => `1\t${text.replace(/\s/g, ' ')}\tx`)].join(
      '\n',
    )
    for (const text of [table, texts.slice(0, 300).join('\n'), texts.slice(300).join(' ')]) {
      const scans = [rules, everywhere].map((set) => {
        const scan = new TextScan(set, Buffer.from(text))
        scan.run()
        return scan.claims.map((c) => `${nameOf(c.pattern)} ${c.start} ${c.end} ${c.confidence}`).sort()
      })
      expect(scans[0]).toEqual(scans[1])
    }
  }, 120_000)
})
