/** The reference page of `sluice.yaml`, made from its schema: every key with type, default and meaning. */
import { z } from 'zod'
import { configSchema } from '../config/schema.ts'

interface SchemaNode {
  readonly title?: string
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

/** One key wherever it stands: a section with variants (`dispatch`, a next hop) has it once for all of them. */
interface Key {
  readonly types: Set<string>
  fallback: string
  description: string
  /** Wherever its section stands, in every variant of that. */
  required: boolean
}

export function configReference(): string {
  const keys = new Map<string, Key>()
  collect(configJsonSchema() as SchemaNode, '', keys)
  const rows = [...keys].map(([path, key]) => {
    const fallback = key.required ? 'required' : key.fallback
    return `| \`${path}\` | ${cell([...key.types].join(' or '))} | ${cell(fallback)} | ${cell(key.description)} |`
  })
  return `${[...HEAD, ...rows].join('\n')}\n`
}

const HEAD = [
  '# Configuration reference',
  '',
  'Every key of `sluice.yaml`. This page is made by `sluice config reference`; don’t edit it by hand.',
  '',
  '- Paths are relative to the folder of the file. Durations are written as `30s`, `5m`, `12h` or `30d`, sizes as `64KB`',
  '  or `50MB` (KB is 1024 bytes).',
  '- `[]` after a name means: one of the entries of a list. `required` means: where its section stands.',
  '- `sluice config check` checks a file and names every mistake with its place. A key that isn’t listed here is one.',
  '- For completion in an editor, put this line on top of the file (VS Code: with the YAML extension by Red Hat):',
  '  `# yaml-language-server: $schema=/opt/sluice/schemas/config.schema.json`, with the path to the schema on your machine.',
  '  `sluice config schema config` prints the schema.',
  '- A change of `sluice.yaml` needs a restart. Rules, policies, the label map, TLS certificates, user files and key files',
  '  of recipients are read again by themselves when they change.',
  '',
  '| key | type | default | meaning |',
  '| --- | --- | --- | --- |',
]

function collect(node: SchemaNode, path: string, keys: Map<string, Key>): void {
  const variants = [node, ...(node.anyOf ?? []), ...(node.oneOf ?? [])]
  const sections = variants.filter((variant) => variant.properties)
  for (const section of sections) {
    for (const [name, child] of Object.entries(section.properties ?? {})) {
      const at = path === '' ? name : `${path}.${name}`
      const key = keys.get(at) ?? { types: new Set(), fallback: '', description: '', required: false }
      keys.set(at, key)
      for (const type of typesOf(child)) key.types.add(type)
      key.fallback ||= fallbackOf(child)
      key.description ||= child.description ?? ''
      key.required = child.default === undefined && sections.every((other) => other.required?.includes(name))
      collect(child, at, keys)
    }
  }
  for (const variant of variants) if (variant.items) collect(variant.items, `${path}[]`, keys)
}

function fallbackOf(node: SchemaNode): string {
  if (node.default === undefined || node.type === 'object') return ''
  return `\`${typeof node.default === 'string' ? node.default : JSON.stringify(node.default)}\``
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}

function typesOf(node: SchemaNode): string[] {
  if (node.title) return [node.title]
  if (node.enum) return node.enum.map((value) => `\`${String(value)}\``)
  if (node.const !== undefined) return [`\`${String(node.const)}\``]
  const variants = node.anyOf ?? node.oneOf
  if (variants) return variants.flatMap(typesOf)
  if (node.type === 'array') return [`list of ${node.items ? plural([...new Set(typesOf(node.items))]) : 'values'}`]
  if (node.type === 'object') return [typeof node.additionalProperties === 'object' ? 'map of names' : 'section']
  return [typeof node.type === 'string' ? node.type : 'value']
}

function plural(types: readonly string[]): string {
  return types.map((type) => (type.startsWith('`') ? type : `${type}s`)).join(' or ')
}
