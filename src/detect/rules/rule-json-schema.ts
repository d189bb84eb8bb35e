import { z } from 'zod'
import { ruleFileSchema } from './rule-schema.ts'

/** JSON Schema of a rule file, for completion in editors. */
export function ruleJsonSchema(): object {
  return z.toJSONSchema(ruleFileSchema, { io: 'input', unrepresentable: 'any' })
}
