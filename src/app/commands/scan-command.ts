import type { Finding } from '../../core/finding.ts'
import { argumentNames } from '../argument-names.ts'
import { loadCatalog } from '../catalog-snapshot.ts'
import { readManifest, readNames } from '../file-lists.ts'
import { directoryOf, loadConfiguration, loadDefinitions } from '../installation.ts'
import { type ScanAnswer, scanFiles } from '../scan-files.ts'
import type { ScanTarget } from '../scan-input.ts'
import { scanJson } from '../scan-json.ts'
import { startScanPool } from '../start-scan-pool.ts'
import { print, progress, visible, visibleName } from './output.ts'
import { renderExplanation } from './render-explanation.ts'

export interface ScanCommandFlags {
  readonly json?: boolean
  readonly filesFrom?: string
  readonly as?: 'mail' | 'upload'
  readonly contentType?: string
  readonly filename?: string
  readonly from?: string
  readonly to?: string[]
  readonly rules?: string
  readonly policies?: string
  readonly reveal?: boolean
  readonly term?: readonly { readonly name: string; readonly text: string }[]
  readonly manifest?: string
  readonly exitCode?: boolean
  readonly explain?: boolean
  readonly config?: string
}

/** Returns the exit code: 0, or 1 with `--exit-code` when anything would be held or blocked. */
export async function runScanCommand(files: readonly string[], flags: ScanCommandFlags): Promise<number> {
  if (files.length === 0 && !flags.filesFrom && !flags.manifest) {
    process.stderr.write('sluice scan: name files, or give --files-from or --manifest (see --help)\n')
    return 2
  }
  const { config, foreignRules } = await loadConfiguration(flags)
  const catalog = await loadCatalog(config)
  const definitions = await loadDefinitions(config, catalog.known, foreignRules)
  const pool = await startScanPool(config, definitions, catalog)
  let stopped = false
  try {
    const answers = scanFiles(targets(files, flags), {
      pool,
      policies: definitions.policies,
      directory: directoryOf(config),
      reveal: flags.reveal ?? false,
      explain: flags.explain ?? false,
      terms: flags.term ?? [],
    })
    let done = 0
    for await (const answer of answers) {
      stopped ||= 'error' in answer || answer.decision.action === 'quarantine' || answer.decision.action === 'block'
      progress(`${++done} scanned`)
      const more = await print(
        flags.json ? `${JSON.stringify(scanJson(answer))}\n` : `${progressCleared()}${visible(render(answer))}\n`,
      )
      if (!more) break
    }
    progress('')
  } finally {
    await pool.close()
  }
  return flags.exitCode && stopped ? 1 : 0
}

function progressCleared(): string {
  progress('')
  return ''
}

async function* targets(files: readonly string[], flags: ScanCommandFlags): AsyncGenerator<ScanTarget> {
  const common = {
    as: flags.as,
    from: flags.from,
    to: flags.to,
    filename: flags.filename,
    contentType: flags.contentType,
  }
  for (const file of argumentNames(files)) yield { file, ...common }
  if (flags.filesFrom) {
    for await (const file of readNames(flags.filesFrom)) if (file.trim() !== '') yield { file, ...common }
  }
  if (flags.manifest) yield* readManifest(flags.manifest)
}

/** For people: the verdict first, then why, then what was found and what was not looked into. */
function render(answer: ScanAnswer): string {
  const file = visibleName(answer.file)
  if ('error' in answer) return `${file}: ${answer.error}`
  const { report, decision } = answer
  const lines = [`${file}: ${decision.action.toUpperCase()}`]
  for (const group of decision.groups) {
    if (decision.groups.length > 1) lines.push(`  ${group.action} for ${group.recipients.join(', ')}`)
  }
  for (const reason of decision.reasons) {
    const mode = reason.mode === 'monitor' ? ' (monitor only)' : ''
    lines.push(`  ${reason.policy}/${reason.rule} [${reason.severity}]${mode}: ${reason.message}`)
  }
  for (const finding of report.findings) lines.push(...renderFinding(finding))
  for (const label of report.labels) lines.push(`  label ${label.scheme} ${label.name || label.id} on ${label.part}`)
  for (const item of report.uninspected) lines.push(`  not inspected: ${item.path}: ${item.reason} (${item.detail})`)
  if (answer.explanation) lines.push(...renderExplanation(answer.explanation, report))
  return lines.join('\n')
}

const SHOWN_MATCHES_MAX = 3

function renderFinding(finding: Finding): string[] {
  const counts = finding.count === finding.unique ? `${finding.count}` : `${finding.count}, ${finding.unique} distinct`
  const lines = [`  ${finding.id} ${finding.detector} (${finding.family}, ${finding.confidence}): ${counts}`]
  for (const match of finding.matches.slice(0, SHOWN_MATCHES_MAX)) {
    const via = match.via.length > 0 ? ` via ${match.via.join(' > ')}` : ''
    const value = match.value === undefined ? '' : ` = ${JSON.stringify(match.value)}`
    lines.push(`     ${match.part} at ${match.start}-${match.end}${via}${value}  ${JSON.stringify(match.excerpt)}`)
  }
  return lines
}
