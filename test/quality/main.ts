/**
 * `npm run quality [-- NAME…] [--limit N] [--minutes N] [--write]`: runs the scorers of the shared corpora against the
 * built command and prints their tables, and beside ours what the public gitleaks rules find. Each scorer is given so many
 * minutes (default 10) and says how long it runs. With `--write` the tables go into docs/quality.md with date and
 * revision, misses included. Exit 1 when a scorer fails or runs out of time.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { runScorer } from './run-scorer.ts'
import { gitleaksFile, secretsBesideGitleaks } from './secrets-beside-gitleaks.ts'

const root = resolve(import.meta.dirname, '../..')
const corpora = resolve(process.env.SLUICE_CORPORA ?? join(root, '../shared/corpora'))
const SCORERS = ['detection', 'gitleaks', 'evasion', 'extraction', 'labels', 'fingerprint']
const SHARED_MISSES = '20'

const { values, positionals } = parseArgs({
  options: {
    write: { type: 'boolean', default: false },
    limit: { type: 'string' },
    minutes: { type: 'string', default: '10' },
  },
  allowPositionals: true,
})
const timeoutMs = Number(values.minutes) * 60_000
const limit = values.limit === undefined ? Number.POSITIVE_INFINITY : Number(values.limit)
const unknown = positionals.filter((name) => !SCORERS.includes(name))
if (unknown.length > 0) fail(`unknown: ${unknown.join(', ')}; the scorers are ${SCORERS.join(', ')}`)
if (!(timeoutMs > 0) || !(limit > 0)) fail('--minutes and --limit want a number above 0')
if (values.write && (positionals.length > 0 || values.limit !== undefined))
  fail('--write is for the whole: leave out names and --limit')
if (!existsSync(join(corpora, 'score')))
  fail(`There are no corpora in ${corpora}: set SLUICE_CORPORA to the folder with score/, detection/ and the rest.`)

const command: readonly [string, ...string[]] = [process.execPath, join(root, 'dist/cli/main.js')]
const chosen = SCORERS.filter((name) => positionals.length === 0 || positionals.includes(name))
const sections: string[] = []
let failed = false
let late = false
for (const name of chosen) {
  console.error(`${name} …`)
  const { output, seconds, end } = name === 'gitleaks' ? gitleaks() : await scorer(name)
  failed ||= end === 'failed'
  late ||= end === 'timeout'
  const ended =
    end === 'done' ? `${seconds} s` : end === 'failed' ? 'failed' : `stopped after ${values.minutes} minutes`
  console.log(`\n== ${name} (${ended})\n${output.trimEnd()}`)
  const stopped = end === 'timeout' ? `Stopped after ${values.minutes} minutes; this is what it had printed.\n\n` : ''
  sections.push(`## ${titleOf(name)}\n\n${stopped}\`\`\`\n${withoutTexts(output)}\n\`\`\``)
}
if (values.write && !failed) writeFileSync(join(root, 'docs/quality.md'), `${head()}\n${sections.join('\n\n')}\n`)
process.exit(failed || late ? 1 : 0)

function fail(message: string): never {
  console.error(message)
  process.exit(2)
}

function titleOf(name: string): string {
  const titles: Record<string, string> = {
    detection: 'Detection',
    gitleaks: 'Secrets, beside the public gitleaks rules',
    evasion: 'Evasion',
    extraction: 'Extraction',
    labels: 'Labels',
    fingerprint: 'Registered documents',
  }
  return titles[name] ?? name
}

async function scorer(name: string) {
  const args = [join(corpora, 'score', `${name}.mjs`), '--sluice', command.join(' '), '--corpora', corpora]
  const bounded = values.limit === undefined ? [] : ['--limit', values.limit]
  return await runScorer(name, [...args, '--misses', SHARED_MISSES, ...bounded], root, timeoutMs)
}

function gitleaks(): { output: string; seconds: number; end: 'done' } {
  const file = gitleaksFile(corpora)
  const startedAt = performance.now()
  const output = file
    ? secretsBesideGitleaks(command, corpora, file, limit)
    : 'The gitleaks rules are not here: set SLUICE_GITLEAKS to its config/gitleaks.toml to see them beside ours.'
  return { output, seconds: Math.round((performance.now() - startedAt) / 1000), end: 'done' }
}

function head(): string {
  const revision = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).stdout.trim()
  const day = new Date().toISOString().slice(0, 10)
  return `# Quality report

What the scorers of the shared corpora printed on ${day} for revision ${revision}, misses included:
\`npm run quality -- --write\` makes this page. Texts of single cases are left out, since they are other people's.

A value counts as *found* when a finding of the right family, at any confidence, covers at least half of it, and as *typed*
when the finding is of the very kind it is labelled with. Texts that must stay silent count as *flagged* at medium
confidence or above. The cases come from public test suites, so some are no values that any issuer would give out.
`
}

/** Single cases name files and texts of third parties: the page keeps the tables and the kinds of misses. */
function withoutTexts(text: string): string {
  const lines = text.trimEnd().split('\n')
  return lines
    .map((line) => line.replace(/^( {2}\S.*?) \| ".*$/, '$1').replace(/ lacks ".*";/, ' lacks a text;'))
    .join('\n')
}
