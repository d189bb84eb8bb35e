/**
 * Secrets in the labelled cases and in benign mail, found by the built command and by the public gitleaks rules: the same
 * texts, the same measure (a finding covers at least half of the labelled span).
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { GitleaksRules } from './gitleaks-rules.ts'

interface Case {
  readonly id: string
  readonly text: string
  readonly strength?: string
  readonly negative?: boolean
  readonly kind?: string
  readonly negative_for?: readonly string[]
  readonly entities?: readonly { readonly type: string; readonly start: number; readonly end: number }[]
}

/** Code point offsets. */
interface Span {
  readonly start: number
  readonly end: number
}

interface Tally {
  cases: number
  ours: number
  theirs: number
}

const MAX_BUFFER = 256 * 1024 * 1024

/** Where the rule set may lie: `SLUICE_GITLEAKS`, or beside the corpora. */
export function gitleaksFile(corpora: string): string | null {
  const named = process.env.SLUICE_GITLEAKS
  if (named) return existsSync(named) ? named : null
  const beside = [join(corpora, 'gitleaks.toml'), join(corpora, '../gitleaks/config/gitleaks.toml')]
  return beside.find((file) => existsSync(file)) ?? null
}

/** A table as lines of text. `command`: the built command, with its arguments. */
export function secretsBesideGitleaks(
  command: readonly [string, ...string[]],
  corpora: string,
  file: string,
  limit: number,
): string {
  const rules = new GitleaksRules(file)
  const cases = readCases(corpora).slice(0, limit)
  const ham = jsonLines<{ raw: string }>(join(corpora, 'ham/ham.jsonl'))
    .slice(0, limit)
    .map(({ raw }, i): Case => ({ id: `ham-${i}`, text: raw, negative: true, kind: 'benign mail, undecoded' }))
  const all = [...cases, ...ham]
  const ours = detected(command, all)
  const tallies = new Map<string, Tally>()
  const count = (name: string, byUs: boolean, byThem: boolean) => {
    const tally = tallies.get(name) ?? { cases: 0, ours: 0, theirs: 0 }
    tallies.set(name, tally)
    tally.cases++
    tally.ours += byUs ? 1 : 0
    tally.theirs += byThem ? 1 : 0
  }
  for (const one of all) {
    const theirs = codePointSpans(one.text, rules.find(one.text))
    const found = ours.get(one.id) ?? []
    if (one.negative)
      count(
        `flagged: ${kindOf(one)}`,
        found.some((f) => f.loud),
        theirs.length > 0,
      )
    else
      for (const entity of one.entities ?? [])
        count(`found: ${one.strength ?? 'medium'} secrets`, covers(found, entity), covers(theirs, entity))
  }
  const rows = [...tallies].sort(([a], [b]) => (a < b ? 1 : -1))
  const percent = (part: number, whole: number) => `${((100 * part) / whole).toFixed(1)} %`
  return [
    `${rules.rules.length} gitleaks rules on RE2, ${rules.skipped.length} left out`,
    `${'texts'.padEnd(44)} ${'count'.padStart(6)} ${'ours'.padStart(9)} ${'gitleaks'.padStart(9)}`,
    ...rows.map(
      ([name, { cases: n, ours: a, theirs: b }]) =>
        `${name.padEnd(44)} ${String(n).padStart(6)} ${percent(a, n).padStart(9)} ${percent(b, n).padStart(9)}`,
    ),
  ].join('\n')
}

function kindOf({ kind = 'negative' }: Case): string {
  return kind.split(':')[0] ?? kind
}

/** Cases that are about secrets: those with one, and those that must stay silent. */
function readCases(corpora: string): Case[] {
  const folder = join(corpora, 'detection')
  const types = JSON.parse(readFileSync(join(folder, 'types.json'), 'utf8')) as Record<string, { family?: string }>
  const files = readdirSync(folder).filter((name) => name.endsWith('.jsonl'))
  return files
    .flatMap((name) => jsonLines<Case>(join(folder, name)))
    .flatMap((one) => {
      if (one.negative) {
        const about = one.negative_for ?? ['*']
        return about.includes('*') || about.includes('secrets') ? [one] : []
      }
      const entities = (one.entities ?? []).filter(({ type }) => types[type]?.family === 'secret')
      return entities.length > 0 ? [{ ...one, entities }] : []
    })
}

function detected(
  [program, ...args]: readonly [string, ...string[]],
  cases: readonly Case[],
): Map<string, (Span & { loud: boolean })[]> {
  const input = `${cases.map(({ id, text }) => JSON.stringify({ id, text })).join('\n')}\n`
  const run = spawnSync(program, [...args, 'detect', '--jsonl', '--min-confidence', 'low'], {
    input,
    encoding: 'utf8',
    maxBuffer: MAX_BUFFER,
  })
  if (run.status !== 0) throw new Error(`detect exited with ${run.status}: ${run.stderr.slice(-500)}`)
  const answers = run.stdout.split('\n').filter(Boolean)
  return new Map(
    answers.map((line) => {
      const { id, findings } = JSON.parse(line) as {
        id: string
        findings: { family: string; confidence: string; start: number; end: number }[]
      }
      const secrets = findings.filter(({ family }) => family === 'secret')
      return [id, secrets.map(({ confidence, start, end }) => ({ start, end, loud: confidence !== 'low' }))]
    }),
  )
}

function covers(spans: readonly Span[], { start, end }: Span): boolean {
  return spans.some((span) => Math.min(end, span.end) - Math.max(start, span.start) >= (end - start) / 2)
}

function codePointSpans(text: string, spans: readonly Span[]): Span[] {
  const at = (offset: number) => [...text.slice(0, offset)].length
  return spans.map(({ start, end }) => ({ start: at(start), end: at(end) }))
}

function jsonLines<T>(file: string): T[] {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean)
  return lines.map((line) => JSON.parse(line) as T)
}
