import { ruleJsonSchema } from '../../detect/rules/rule-json-schema.ts'
import { policyJsonSchema } from '../../policy/json-schema.ts'
import { loadCatalog } from '../catalog-snapshot.ts'
import { configJsonSchema, configReference } from '../config-reference.ts'
import { loadConfiguration, loadDefinitions } from '../installation.ts'
import { reportCheck } from './policy-command.ts'

export async function runConfigCheck(flags: { readonly config?: string }): Promise<number> {
  return await reportCheck(async () => {
    const { config, file, warnings } = await loadConfiguration(flags)
    const definitions = await loadDefinitions(config, (await loadCatalog(config)).known)
    return {
      summary: `${file ?? 'defaults'} with its rules and policies`,
      warnings: [...warnings, ...definitions.warnings],
    }
  }, false)
}

export async function runConfigReference(): Promise<number> {
  process.stdout.write(configReference())
  return 0
}

export async function runConfigSchema(which: string): Promise<number> {
  const schemas: Record<string, () => unknown> = {
    config: configJsonSchema,
    policy: policyJsonSchema,
    rules: ruleJsonSchema,
  }
  const make = Object.hasOwn(schemas, which) ? schemas[which] : undefined
  if (!make) {
    process.stderr.write(`sluice config schema: ${which} is not one of ${Object.keys(schemas).join(', ')}\n`)
    return 2
  }
  process.stdout.write(`${JSON.stringify(make(), null, 2)}\n`)
  return 0
}
