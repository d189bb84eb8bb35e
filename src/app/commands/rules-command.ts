import Table from 'cli-table3'
import type { DetectionRule } from '../../core/detection-rule.ts'
import { DiagnosticsError } from '../../core/diagnostic.ts'
import { CONFIDENCES } from '../../core/finding.ts'
import { buildRuleSet, type CompiledRuleSet, compileRules } from '../../detect/compile-rules.ts'
import { auditRules } from '../../detect/rules/audit-rules.ts'
import { parseRules } from '../../detect/rules/parse-rules.ts'
import { revisionOf } from '../../detect/rules/revision-of.ts'
import { testRules } from '../../detect/test-rules.ts'
import { type ConfigChoice, loadConfiguration } from '../installation.ts'
import { readRuleFiles } from '../rule-files.ts'
import { rulesReference } from '../rules-reference.ts'
import { reportCheck } from './policy-command.ts'

interface Flags extends ConfigChoice {
  readonly json?: boolean
}

async function compiled(flags: Flags): Promise<CompiledRuleSet> {
  const { config } = await loadConfiguration(flags)
  const { rules, diagnostics } = compileRules(await readRuleFiles(config.rules))
  if (!rules) throw new DiagnosticsError(diagnostics.filter((d) => d.severity === 'error'))
  return rules
}

/** The rules in force; nothing is compiled. */
async function parsed(flags: Flags): Promise<readonly DetectionRule[]> {
  const { config } = await loadConfiguration(flags)
  const { rules, diagnostics } = parseRules(await readRuleFiles(config.rules))
  const errors = diagnostics.filter((d) => d.severity === 'error')
  if (errors.length > 0) throw new DiagnosticsError(errors)
  return rules
}

export async function runRulesList(flags: Flags): Promise<number> {
  const rules = await parsed(flags)
  const list = rules.map((rule) => ({
    id: rule.id,
    family: rule.family,
    kind: rule.words ? 'dictionary' : 'pattern',
    name: rule.name,
    description: rule.description,
    regulations: rule.regulations,
    confidence: bestConfidence(rule),
  }))
  if (flags.json) {
    process.stdout.write(`${JSON.stringify(list)}\n`)
    return 0
  }
  const table = new Table({ head: ['id', 'family', 'up to', 'name'], style: { head: [], border: [] } })
  for (const rule of list) table.push([rule.id, rule.family, rule.confidence, rule.name])
  process.stdout.write(`${table.toString()}\n${list.length} rules, revision ${revisionOf(rules)}\n`)
  return 0
}

/** The page of the documentation, in Markdown. */
export async function runRulesReference(flags: Flags): Promise<number> {
  process.stdout.write(rulesReference(await parsed(flags)))
  return 0
}

/** The highest confidence that a match of the rule can reach. */
function bestConfidence(rule: DetectionRule): string {
  const elements = [...rule.patterns, ...(rule.words ?? [])]
  const reachable = [
    ...elements.flatMap(({ confidence, raise }) => [confidence, ...Object.values(raise)]),
    ...(rule.combinations ?? []).map(({ confidence }) => confidence),
    ...CONFIDENCES.filter((level) => rule.score?.levels[level] !== undefined),
  ]
  return CONFIDENCES[Math.max(...reachable.map((confidence) => CONFIDENCES.indexOf(confidence)))] ?? 'low'
}

export async function runRulesCheck(flags: Flags): Promise<number> {
  return await reportCheck(async () => {
    const { config } = await loadConfiguration(flags)
    const parsed = parseRules(await readRuleFiles(config.rules))
    // Sound rules are looked at even when others are not, so that all mistakes are told at once.
    const rules = buildRuleSet(parsed.rules)
    const diagnostics = [...parsed.diagnostics, ...auditRules(rules, parsed.places)]
    const errors = diagnostics.filter(({ severity }) => severity === 'error')
    if (errors.length > 0) throw new DiagnosticsError(errors)
    const warnings = diagnostics
    return {
      summary: `${rules.rules.length} rules with ${rules.patterns.length} patterns, revision ${rules.revision}`,
      warnings,
    }
  }, flags.json ?? false)
}

export async function runRulesTest(flags: Flags): Promise<number> {
  const rules = await compiled(flags)
  const results = testRules(rules)
  for (const result of results) {
    if (flags.json) process.stdout.write(`${JSON.stringify(result)}\n`)
    else if (!result.ok)
      process.stdout.write(
        `FAILED ${result.rule} ${result.kind} ${result.index + 1}: ${result.message}\n    ${result.text}\n`,
      )
  }
  const failed = results.filter((result) => !result.ok).length
  if (!flags.json) process.stdout.write(`${results.length - failed} passed, ${failed} failed\n`)
  return failed > 0 ? 1 : 0
}
