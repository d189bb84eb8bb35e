/** The reference page of `sluice.yaml`, made from its schema: every key with type, default and meaning. */
import { z } from 'zod'
import { configSchema } from '../config/schema.ts'

interface SchemaNode {
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly default?: unknown
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly required?: readonly string[]
  readonly items?: SchemaNode
  readonly anyOf?: readonly SchemaNode[]
  readonly oneOf?: readonly SchemaNode[]
  readonly additionalProperties?: SchemaNode | boolean
  readonly minimum?: number
  readonly maximum?: number
}

export function configJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' }) as Record<string, unknown>
}

export function configReference(): string {
  const lines = [
    '# Configuration reference',
    '',
    'Every key of `sluice.yaml`. This page is made by `sluice config reference`; paths are relative to the file, times are',
    'written as `30s`, `5m`, `12h` or `30d`, sizes as `64KB` or `50MB`.',
    '',
    '| key | type | default | meaning |',
    '| --- | --- | --- | --- |',
  ]
  walk(configJsonSchema() as SchemaNode, '', lines)
  return `${lines.join('\n')}\n`
}

function walk(node: SchemaNode, path: string, lines: string[]): void {
  for (const variant of [node, ...(node.anyOf ?? []), ...(node.oneOf ?? [])]) {
    for (const [key, child] of Object.entries(variant.properties ?? {})) {
      const at = path === '' ? key : `${path}.${key}`
      if (!lines.some((line) => line.startsWith(`| \`${at}\` |`))) lines.push(row(at, child))
      walk(child, at, lines)
    }
    if (variant.items) walk(variant.items, `${path}[]`, lines)
  }
}

function row(path: string, node: SchemaNode): string {
  const fallback = node.default === undefined || node.type === 'object' ? '' : `\`${JSON.stringify(node.default)}\``
  const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
  return `| \`${path}\` | ${cell(typeOf(node))} | ${cell(fallback)} | ${cell(node.description ?? '')} |`
}

function typeOf(node: SchemaNode): string {
  if (node.enum) return node.enum.map((value) => `\`${String(value)}\``).join(', ')
  if (node.const !== undefined) return `\`${String(node.const)}\``
  const variants = node.anyOf ?? node.oneOf
  if (variants) return [...new Set(variants.map(typeOf))].join(' or ')
  if (node.type === 'array') return `list of ${node.items ? typeOf(node.items) : 'values'}`
  if (node.type === 'object') return 'section'
  return typeof node.type === 'string' ? node.type : 'value'
}
