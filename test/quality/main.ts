/**
 * `npm run quality [-- NAME…]`: runs the scorers of the shared corpora against the built command and prints their
 * tables; with `--write` the tables go into docs/quality.md with date and revision. Exit 1 when a scorer fails.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '../..')
const corpora = resolve(process.env.SLUICE_CORPORA ?? join(root, '../shared/corpora'))
const SCORERS = ['detection', 'evasion', 'extraction', 'labels', 'fingerprint']

const args = process.argv.slice(2)
const write = args.includes('--write')
const unknown = args.filter((arg) => !arg.startsWith('--') && !SCORERS.includes(arg))
if (unknown.length > 0) {
  console.error(`unknown: ${unknown.join(', ')}; the scorers are ${SCORERS.join(', ')}`)
  process.exit(2)
}
if (!existsSync(join(corpora, 'score'))) {
  console.error(
    `There are no corpora in ${corpora}: set SLUICE_CORPORA to the folder that holds score/, detection/ and the rest.`,
  )
  process.exit(2)
}
const chosen = SCORERS.filter((name) => args.includes(name) || !args.some((arg) => SCORERS.includes(arg)))
const revision = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).stdout.trim()
const sections: string[] = []
let failed = false
for (const name of chosen) {
  const startedAt = Date.now()
  console.error(`${name} …`)
  const script = join(corpora, 'score', `${name}.mjs`)
  const command = `${process.execPath} ${join(root, 'dist/cli/main.js')}`
  const run = spawnSync(process.execPath, [script, '--sluice', command, '--corpora', corpora], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  failed ||= run.status !== 0
  const seconds = Math.round((Date.now() - startedAt) / 1000)
  console.log(`\n== ${name} (${seconds} s)\n${run.stdout}`)
  sections.push(`## ${name}\n\n\`\`\`\n${withoutCases(run.stdout)}\n\`\`\``)
}
if (write && !failed) {
  const day = new Date().toISOString().slice(0, 10)
  const head = `# Quality report\n\nWhat the scorers of the shared corpora printed on ${day} for revision ${revision}: \`npm run quality -- --write\`.\n`
  writeFileSync(join(root, 'docs/quality.md'), `${head}\n${sections.join('\n\n')}\n`)
}
process.exit(failed ? 1 : 0)

/** Single cases name files and texts of third parties: the page keeps the tables and the kinds of misses. */
function withoutCases(text: string): string {
  const lines = text.trimEnd().split('\n')
  return lines.filter((line) => !/^ {2}\S.*\| "/.test(line)).join('\n')
}
