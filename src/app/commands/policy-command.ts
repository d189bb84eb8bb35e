import { type Diagnostic, DiagnosticsError, formatDiagnostic } from '../../core/diagnostic.ts'
import { testPolicies } from '../../policy/test-policies.ts'
import { loadCatalog } from '../catalog-snapshot.ts'
import { type ConfigChoice, loadConfiguration, loadDefinitions } from '../installation.ts'
import { runScanCommand } from './scan-command.ts'

interface Flags extends ConfigChoice {
  readonly json?: boolean
}

/** Exit 0 when there is no error, else 1. */
export async function runPolicyCheck(flags: Flags): Promise<number> {
  const { config } = await loadConfiguration(flags)
  const catalog = await loadCatalog(config)
  return await reportCheck(async () => {
    const { policies, warnings } = await loadDefinitions(config, catalog.known)
    const rules = policies.policies.reduce((sum, policy) => sum + policy.rules.length, 0)
    return {
      summary: `${policies.policies.length} policies with ${rules} rules, revision ${policies.revision}`,
      warnings,
    }
  }, flags.json ?? false)
}

/** Shared by `policy check` and `rules check`: all diagnostics, then a summary. */
export async function reportCheck(
  load: () => Promise<{ summary: string; warnings: readonly Diagnostic[] }>,
  json: boolean,
): Promise<number> {
  try {
    const { summary, warnings } = await load()
    if (json) process.stdout.write(`${JSON.stringify({ ok: true, summary, diagnostics: warnings })}\n`)
    else {
      for (const warning of warnings) process.stdout.write(`${formatDiagnostic(warning)}\n`)
      process.stdout.write(`${summary}: no errors\n`)
    }
    return 0
  } catch (thrown) {
    if (!(thrown instanceof DiagnosticsError)) throw thrown
    if (json) process.stdout.write(`${JSON.stringify({ ok: false, diagnostics: thrown.diagnostics })}\n`)
    else for (const diagnostic of thrown.diagnostics) process.stdout.write(`${formatDiagnostic(diagnostic)}\n`)
    return 1
  }
}

export async function runPolicyTest(flags: Flags): Promise<number> {
  const { config } = await loadConfiguration(flags)
  const { policies } = await loadDefinitions(config, (await loadCatalog(config)).known)
  const results = testPolicies(policies)
  for (const result of results) {
    if (flags.json) process.stdout.write(`${JSON.stringify(result)}\n`)
    else if (!result.passed) {
      process.stdout.write(`${result.file}:${result.row} FAILED ${result.policy}: ${result.name}\n`)
      for (const problem of result.problems) process.stdout.write(`    ${problem}\n`)
    }
  }
  const failed = results.filter((result) => !result.passed).length
  if (!flags.json) process.stdout.write(`${results.length - failed} passed, ${failed} failed\n`)
  return failed > 0 ? 1 : 0
}

export async function runPolicyExplain(
  files: readonly string[],
  flags: Flags & { readonly from?: string; readonly to?: string[] },
): Promise<number> {
  return await runScanCommand(files, { ...flags, explain: true } as Parameters<typeof runScanCommand>[1])
}
