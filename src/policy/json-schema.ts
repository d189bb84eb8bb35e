/** The JSON Schema of policy files, for completion and checks in editors. Made from the schema that compiles them. */
import { z } from 'zod'
import { editorForms } from './forms.ts'
import { policyFileSchema } from './policy-schema.ts'

const schema = z.toJSONSchema(policyFileSchema(editorForms), { target: 'draft-7', io: 'input' })

export function policyJsonSchema(): object {
  return { title: 'Sluice policy', ...schema }
}
