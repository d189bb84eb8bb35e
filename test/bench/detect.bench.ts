/**
 * Megabytes a second of mixed text through the detectors with every shipped rule, on one core, beside RE2 and V8 with
 * one pattern after the other and, where Debian's libhyperscan-dev is installed, Hyperscan in C with both offsets.
 * `npm run bench -- detect [MEGABYTES]` (default 50). What looks for one pattern after the other takes minutes for that
 * and looks at the beginning of the same text alone, as its line says. Figures are CPU time, so that a busy machine
 * matters less: medians of three rounds, or of one where the text is long enough to be its own average.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import RE2 from 're2'
import type { DetectionRule } from '../../src/core/detection-rule.ts'
import { buildRuleSet, type CompiledRuleSet, compileRules } from '../../src/detect/compile-rules.ts'
import { detectText } from '../../src/detect/detect-text.ts'
import type { ColdLoad } from './support/cold-load.ts'
import { isProseMadeUp, mixedText } from './support/mixed-text.ts'

const megabytes = Number(process.argv[2] ?? 50)
const root = join(import.meta.dirname, '../..')
/** Mail-sized and attachment-sized pieces; a text is never scanned as one 50 MB string. */
const PIECE_BYTES = 256 * 1024
/** What the slow ones look at, and what everything is warmed up with. */
const SAMPLE_BYTES = 1_000_000
const V8_SAMPLE_BYTES = 300_000
const WARM_UP_BYTES = 4_000_000
const ROUNDS = megabytes > 20 ? 1 : 3
const KEY = new Uint8Array(32)

function ruleFiles() {
  const folder = join(root, 'rules')
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.yaml'))
    .sort()
    .map((file) => ({ file, text: readFileSync(join(folder, file), 'utf8') }))
}

function cpuMs(run: () => void): number {
  const before = process.cpuUsage()
  run()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}

function rate(text: Buffer, rounds: number, run: (piece: Buffer) => void): number {
  const pieces: Buffer[] = []
  for (let at = 0; at < text.length; at += PIECE_BYTES) pieces.push(text.subarray(at, at + PIECE_BYTES))
  const times = Array.from({ length: rounds }, () => cpuMs(() => pieces.forEach(run)))
  return text.length / 1e6 / (median(times) / 1000)
}

function shown(text: Buffer): string {
  return `${text.length / 1e6} MB`
}

function print(name: string, megabytesPerSecond: number, baseline: number): void {
  const ratio = baseline > 0 ? `${(megabytesPerSecond / baseline).toFixed(1)} x` : ''
  console.log(`${name.padEnd(52)} ${megabytesPerSecond.toFixed(2).padStart(9)} MB/s ${ratio.padStart(9)}`)
}

function ours(rules: CompiledRuleSet, text: Buffer): { rate: number; matches: number } {
  let matches = 0
  const run = (piece: Buffer) => {
    matches += detectText(rules, { part: 0, utf8: piece }, { findingKey: KEY }).matches.length
  }
  rate(text.subarray(0, WARM_UP_BYTES), 2, run)
  matches = 0
  const measured = rate(text, ROUNDS, run)
  return { rate: measured, matches: Math.round(matches / ROUNDS) }
}

function re2OneByOne(patterns: readonly RegExp[], text: Buffer): number {
  return rate(text, 1, (piece) => {
    for (const pattern of patterns as readonly RE2[]) {
      pattern.lastIndex = 0
      for (let match = pattern.exec(piece); match; match = pattern.exec(piece)) if (match[0].length === 0) break
    }
  })
}

function v8OneByOne(sources: readonly string[], text: Buffer): { rate: number; patterns: number } {
  const patterns = sources.flatMap((source) => {
    const { body, flags } = withoutInlineFlags(source)
    try {
      return [new RegExp(body, `g${flags}`)]
    } catch {
      return []
    }
  })
  const run = (piece: Buffer) => {
    const string = piece.toString('latin1')
    for (const pattern of patterns) for (const match of string.matchAll(pattern)) if (match[0].length === 0) break
  }
  return { rate: rate(text, 1, run), patterns: patterns.length }
}

function withoutInlineFlags(source: string): { body: string; flags: string } {
  const leading = /^\(\?([ims]+)\)/.exec(source)
  const body = source.slice(leading?.[0].length ?? 0).replaceAll('(?P<', '(?<')
  return { body, flags: leading?.[1] ?? '' }
}

function hyperscan(sources: readonly string[], text: Buffer): void {
  if (!existsSync('/usr/include/hs/hs.h')) {
    console.log('Hyperscan: not here (apt-get install libhyperscan-dev)')
    return
  }
  const folder = mkdtempSync(join(tmpdir(), 'sluice-hs-'))
  try {
    const binary = join(folder, 'hyperscan')
    execFileSync('cc', ['-O2', join(import.meta.dirname, 'support/hyperscan.c'), '-o', binary, '-lhs'])
    writeFileSync(join(folder, 'patterns'), sources.map((source) => source.replaceAll('\n', '\\n')).join('\n'))
    writeFileSync(join(folder, 'text'), text)
    const files = [join(folder, 'patterns'), join(folder, 'text')]
    const out = execFileSync(binary, [...files, String(ROUNDS)], { encoding: 'utf8' })
    const result = JSON.parse(out) as { patterns: number; refused: number; megabytesPerSecond: number }
    print(
      `Hyperscan in C, both offsets (${result.patterns} patterns, ${result.refused} refused, ${shown(text)})`,
      result.megabytesPerSecond,
      baseline,
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The same rules over again for another language: their patterns and keywords begin with words that stand nowhere. */
function rulesThatDoNotMatch(rules: readonly DetectionRule[]): DetectionRule[] {
  return rules.map((rule, index) => {
    const word = `q${letters(index * 7_919)}x`
    const groups = <T extends { readonly keywords: readonly string[] }>(all: Readonly<Record<string, T>>) =>
      Object.fromEntries(
        Object.entries(all).map(([name, group]) => [
          name,
          { ...group, keywords: group.keywords.map((keyword) => `${word}${keyword}`) },
        ]),
      )
    return {
      ...rule,
      id: `${rule.id}_again`,
      patterns: rule.patterns.map((pattern) => ({ ...pattern, regex: `${word}(?:${pattern.regex})` })),
      evidence: groups(rule.evidence),
      antiEvidence: groups(rule.antiEvidence),
    }
  })
}

function letters(value: number): string {
  return Array.from({ length: 4 }, (_, i) => String.fromCharCode(97 + (Math.floor(value / 26 ** i) % 26))).join('')
}

/** Measured in turns, so that both sets see the same weather. */
function growth(rules: CompiledRuleSet, more: CompiledRuleSet, text: Buffer): number {
  const times: [number[], number[]] = [[], []]
  for (let round = 0; round <= GROWTH_ROUNDS; round++)
    for (const [i, set] of [rules, more].entries()) {
      const ms = cpuMs(() => {
        for (let at = 0; at < text.length; at += PIECE_BYTES)
          detectText(set, { part: 0, utf8: text.subarray(at, at + PIECE_BYTES) }, { findingKey: KEY })
      })
      if (round > 0) times[i]?.push(ms)
    }
  return median(times[1]) / median(times[0]) - 1
}

const GROWTH_ROUNDS = 7

/** What a start pays: each time in a process that has loaded nothing before. */
function coldLoad(from: 'prepared' | 'yaml'): ColdLoad {
  const entry = join(import.meta.dirname, 'support/cold-load.ts')
  const runs = Array.from({ length: COLD_ROUNDS }, () => {
    return JSON.parse(execFileSync(process.execPath, [entry, from], { encoding: 'utf8' })) as ColdLoad
  })
  const of = (key: keyof ColdLoad) => median(runs.map((run) => run[key]))
  return { codeMs: of('codeMs'), rulesMs: of('rulesMs'), prepared: of('prepared') }
}

const COLD_ROUNDS = 5

const files = ruleFiles()
const cold = coldLoad('prepared')
const unprepared = coldLoad('yaml')
const { rules, diagnostics } = compileRules(files)
if (!rules) throw new Error(`the shipped rules have ${diagnostics.length} mistakes`)
const sources = rules.patterns.map(({ pattern }) => pattern.regex)
const plants = rules.rules.flatMap(({ rule }) =>
  rule.examples.slice(0, 1).map((example) => example.replaceAll('\n', ' ')),
)
console.log(
  `${rules.rules.length} rules, ${sources.length} patterns, ${rules.keywords.size} keywords; a new process loads them in ${cold.rulesMs.toFixed(0)} ms of CPU (goal: below 1000) with what the build prepared of ${cold.prepared} of ${files.length} files, from YAML alone in ${unprepared.rulesMs.toFixed(0)}; besides its code in ${cold.codeMs.toFixed(0)}`,
)

const isQuiet = (line: string) =>
  detectText(rules, { part: 0, utf8: Buffer.from(line) }, { findingKey: KEY }).matches.length === 0
const mixed = mixedText(megabytes * 1_000_000, plants, isQuiet)
const quiet = mixedText(megabytes * 500_000, [], isQuiet, 2)
const slow = mixed.subarray(0, SAMPLE_BYTES)
if (isProseMadeUp())
  console.log('prose: made up of a few words, which flatters; set SLUICE_CORPORA to a folder with ham/ham.jsonl')
const re2 = sources.map((source) => new RE2(source, 'g'))
const baseline = re2OneByOne(re2, slow)
print(`RE2 on Buffers, one by one (${shown(slow)})`, baseline, baseline)
const v8Text = slow.subarray(0, V8_SAMPLE_BYTES)
const v8 = v8OneByOne(sources, v8Text)
print(`V8, one by one (${v8.patterns} patterns, ${shown(v8Text)})`, v8.rate, baseline)
const found = ours(rules, mixed)
print(`sluice, everything (${found.matches} matches, ${shown(mixed)})`, found.rate, baseline)
const silent = ours(rules, quiet)
print(`sluice, nothing planted (${silent.matches} matches, ${shown(quiet)})`, silent.rate, baseline)
const passRate = rate(mixed, ROUNDS, (piece) => rules.scanner.scan(piece, () => true))
print('of which the pass over the text', passRate, baseline)
const shipped = rules.rules.map(({ rule }) => rule)
const doubled = buildRuleSet([...shipped, ...rulesThatDoNotMatch(shipped)])
const grown = growth(rules, doubled, mixed.subarray(0, 4_000_000))
console.log(
  `twice as many rules, ${doubled.patterns.length} patterns: ${(grown * 100).toFixed(1)} % more time (goal: below 10)`,
)
hyperscan(sources, mixed)
