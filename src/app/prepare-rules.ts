/** Finds out about rule files what `withPrepared` gives at every start. */
import { isDeepStrictEqual } from 'node:util'
import { buildRuleSet, choicesMade } from '../detect/compile-rules.ts'
import { parseRules, type RuleFile } from '../detect/rules/parse-rules.ts'
import { parseYaml } from '../yaml/parse-yaml.ts'
import { type Prepared, writePrepared } from './prepared-rules.ts'

/** Leaves out files that have complaints as YAML, or say what JSON can't. */
export async function prepareRules(files: readonly RuleFile[], to?: string): Promise<void> {
  const { patterns } = buildRuleSet(parseRules(files).rules)
  const found = files.flatMap(({ file, text }) => {
    const { source, diagnostics } = parseYaml(file, text)
    if (!source || diagnostics.length > 0 || !isJson(source.value)) return []
    const ids = new Set(parseRules([{ file, text }]).rules.map(({ id }) => id))
    const choices = choicesMade(patterns.filter(({ rule }) => ids.has(rule.rule.id)))
    const prepared: Prepared = { value: source.value, choices: Object.fromEntries(choices) }
    return [{ text, prepared }]
  })
  await writePrepared(found, to)
}

function isJson(value: unknown): boolean {
  return isDeepStrictEqual(JSON.parse(JSON.stringify(value) ?? 'null'), value)
}
