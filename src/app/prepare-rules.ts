/** Finds out about rule files what `withPrepared` gives at every start. */
import { isDeepStrictEqual } from 'node:util'
import { buildRuleSet, choicesMade } from '../detect/compile-rules.ts'
import { parseRules, type RuleFile } from '../detect/rules/parse-rules.ts'
import { ruleFileSchema } from '../detect/rules/rule-schema.ts'
import { parseYaml } from '../yaml/parse-yaml.ts'
import { type Prepared, writePrepared } from './prepared-rules.ts'

/** Leaves out files that have complaints as YAML, or say what JSON can't. */
export async function prepareRules(files: readonly RuleFile[], to?: string): Promise<void> {
  const read = files.map(({ file, text }): RuleFile => {
    const { source, diagnostics } = parseYaml(file, text)
    return source && diagnostics.length === 0 && isJson(source.value)
      ? { file, text, value: source.value }
      : { file, text }
  })
  const { rules, diagnostics } = parseRules(read)
  const { patterns } = buildRuleSet(rules)
  const sound = diagnostics.length === 0
  const found = read.flatMap((file) => {
    if (file.value === undefined) return []
    const ids = new Set(parseRules([file]).rules.map(({ id }) => id))
    const choices = choicesMade(patterns.filter(({ rule }) => ids.has(rule.rule.id)))
    const value = sound ? ruleFileSchema.parse(file.value) : file.value
    const prepared: Prepared = { value, choices: Object.fromEntries(choices), sound }
    return [{ text: file.text, prepared }]
  })
  await writePrepared(found, to)
}

function isJson(value: unknown): boolean {
  return isDeepStrictEqual(JSON.parse(JSON.stringify(value) ?? 'null'), value)
}
