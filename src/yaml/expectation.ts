/**
 * Words for people who wrote a wrong value: what stands there, and what a schema wants there instead, bounds included.
 * Texts are never repeated, since a configuration may hold passwords. Pure.
 */
import { z } from 'zod'

interface SchemaNode {
  readonly title?: string
  readonly type?: string
  readonly format?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly SchemaNode[]
  readonly oneOf?: readonly SchemaNode[]
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, SchemaNode>>
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly items?: SchemaNode
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly exclusiveMaximum?: number
  readonly multipleOf?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
}

const SECTION_KEYS_SHOWN_MAX = 8
const TITLES: Readonly<Record<string, string>> = {
  size: 'a size such as `64KB` or `50MB`',
  'time or `forever`': 'a time such as `365d`, or `forever`',
  time: 'a time such as `30s`, `5m`, `12h` or `30d`',
}
const FORMATS: Readonly<Record<string, string>> = {
  uri: 'a URL such as `https://example.com/`',
  email: 'an address such as `a@example.com`',
  date: 'a date such as `2026-11-24`',
  'date-time': 'a time such as `2026-11-24T09:00:00Z`',
}
const wantedBy = new WeakMap<z.ZodType, string>()

/** What may stand where `schemas` (the branches of a union, say) apply: `a whole number from 0 to 65535`. */
export function wanted(schemas: readonly z.ZodType[]): string {
  return choice(schemas.map(wantedOf))
}

function wantedOf(schema: z.ZodType): string {
  const known = wantedBy.get(schema)
  if (known !== undefined) return known
  const node = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as SchemaNode
  const text = inWords(node, node.$defs ?? {})
  wantedBy.set(schema, text)
  return text
}

function inWords(node: SchemaNode, definitions: Readonly<Record<string, SchemaNode>>): string {
  const target = node.$ref === undefined ? undefined : definitions[node.$ref.replace('#/$defs/', '')]
  if (target) return inWords(target, definitions)
  if (node.title !== undefined && TITLES[node.title] !== undefined) return TITLES[node.title] ?? ''
  const variants = node.anyOf ?? node.oneOf
  if (variants) return choice(variants.map((variant) => inWords(variant, definitions)))
  if (node.const !== undefined) return `\`${String(node.const)}\``
  if (node.enum) return choice(node.enum.map((value) => `\`${String(value)}\``))
  switch (node.type) {
    case 'boolean':
      return '`true` or `false`'
    case 'integer':
      return `a whole number${numberBounds(node)}`
    case 'number':
      return `a number${numberBounds(node)}`
    case 'string':
      return FORMATS[node.format ?? ''] ?? `a text${countBounds('character', node.minLength, node.maxLength)}`
    case 'array':
      return `a list${countBounds('entry', node.minItems, node.maxItems)} (\`[one, two]\`, or lines that begin with \`- \`)`
    case 'object':
      return section(node)
    default:
      return 'a value'
  }
}

function choice(options: readonly string[]): string {
  const different = [...new Set(options)]
  const last = different.at(-1) ?? ''
  return different.length < 2 ? last : `${different.slice(0, -1).join(', ')} or ${last}`
}

function numberBounds(node: SchemaNode): string {
  const real = (bound: number | undefined) =>
    bound !== undefined && Math.abs(bound) < Number.MAX_SAFE_INTEGER ? bound : undefined
  const [min, max] = [real(node.minimum), real(node.maximum)]
  const words: string[] = []
  if (min !== undefined && max !== undefined) words.push(`from ${min} to ${max}`)
  else if (min !== undefined) words.push(`of ${min} or more`)
  else if (max !== undefined) words.push(`of ${max} or less`)
  if (node.exclusiveMinimum !== undefined) words.push(`above ${node.exclusiveMinimum}`)
  if (node.exclusiveMaximum !== undefined) words.push(`below ${node.exclusiveMaximum}`)
  if (node.multipleOf !== undefined && node.multipleOf !== 1) words.push(`divisible by ${node.multipleOf}`)
  return words.length > 0 ? ` ${words.join(' and ')}` : ''
}

function countBounds(unit: 'character' | 'entry', min: number | undefined, max: number | undefined): string {
  if (max !== undefined)
    return min === undefined ? ` of at most ${counted(max, unit)}` : ` of ${min} to ${counted(max, unit)}`
  return min === undefined || min === 0 ? '' : ` of at least ${counted(min, unit)}`
}

function counted(count: number, unit: 'character' | 'entry'): string {
  if (count === 1) return `1 ${unit}`
  return `${count} ${unit === 'entry' ? 'entries' : 'characters'}`
}

function section(node: SchemaNode): string {
  const keys = Object.keys(node.properties ?? {})
  if (keys.length === 0) return 'a section of `name: value` lines'
  const shown = keys.slice(0, SECTION_KEYS_SHOWN_MAX).map((key) => `\`${key}\``)
  const names =
    keys.length > shown.length ? `${shown.join(', ')} …` : choice(shown).replace(/ or (?=`[^`]*`$)/, ' and ')
  return `a section with ${keys.length === 1 ? 'the key' : 'keys out of'} ${names}`
}

/** What stands there: `is 70000`, `is a text`, `is a list of 9 entries`. */
export function written(value: unknown): string {
  if (value === undefined) return 'is missing'
  if (value === null || value === '') return 'is empty'
  if (Array.isArray(value))
    return value.length === 0 ? 'is an empty list' : `is a list of ${counted(value.length, 'entry')}`
  switch (typeof value) {
    case 'number':
    case 'bigint':
    case 'boolean':
      return `is \`${value}\``
    case 'string':
      return `is a text of ${counted(value.length, 'character')}`
    default:
      return 'is a section'
  }
}
