import type { ExtractContext } from '../format.ts'
import { attribute } from '../readers/xml-attributes.ts'
import { walkXml } from '../readers/xml-walker.ts'
import { openZip, type ZipArchive } from '../readers/zip-archive.ts'
import type { ZipEntry } from '../readers/zip-directory.ts'

/**
 * An Open Packaging Conventions file (ISO/IEC 29500-2): its parts with their content types and relationships. Names are
 * kept in lower case without the leading slash, since readers compare them so.
 */
export interface OoxmlPackage {
  readonly archive: ZipArchive
  readonly parts: readonly OoxmlPart[]
  readonly relationships: readonly Relationship[]
}

export interface OoxmlPart {
  readonly name: string
  readonly entry: ZipEntry
  /** Lower case; empty where the package states none. */
  readonly contentType: string
}

export interface Relationship {
  /** The part it belongs to; empty for the package. */
  readonly source: string
  readonly id: string
  /** Last segment of the type's URI, lower case: `hyperlink`, `image`. */
  readonly type: string
  /** Part name, or the URI of an external target. */
  readonly target: string
  readonly external: boolean
}

export async function openOoxml(input: Uint8Array, context: ExtractContext): Promise<OoxmlPackage> {
  const archive = openZip(input, context)
  const types = await readContentTypes(archive, context)
  const parts: OoxmlPart[] = []
  const relationships: Relationship[] = []
  for (const entry of archive.directory.entries) {
    const name = partName(entry.name)
    if (name.endsWith('/') || name === '[content_types].xml') continue
    if (!name.endsWith('.rels')) {
      parts.push({ name, entry, contentType: types.overrides.get(name) ?? types.defaults.get(extensionOf(name)) ?? '' })
      continue
    }
    const bytes = await archive.read(entry)
    if (bytes) readRelationships(name, bytes, relationships, context)
  }
  return { archive, parts, relationships }
}

function partName(raw: string): string {
  return raw
    .toLowerCase()
    .replace(/\\/g, '/')
    .replace(/^\.?\/+/, '')
}

function extensionOf(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1)
}

interface ContentTypes {
  readonly defaults: Map<string, string>
  readonly overrides: Map<string, string>
}

async function readContentTypes(archive: ZipArchive, context: ExtractContext): Promise<ContentTypes> {
  const types: ContentTypes = { defaults: new Map(), overrides: new Map() }
  const entry = archive.find('[Content_Types].xml')
  const bytes = entry ? await archive.read(entry) : null
  if (!bytes) return types
  walkXml(
    bytes,
    {
      open(name, attributes) {
        const type = (attribute(attributes, 'ContentType') ?? '').toLowerCase()
        if (name === 'Default') types.defaults.set((attribute(attributes, 'Extension') ?? '').toLowerCase(), type)
        if (name === 'Override') types.overrides.set(partName(attribute(attributes, 'PartName') ?? ''), type)
      },
    },
    context,
  )
  return types
}

function readRelationships(name: string, bytes: Buffer, into: Relationship[], context: ExtractContext): void {
  const folder = name.slice(0, name.lastIndexOf('_rels/'))
  const source = folder + name.slice(name.lastIndexOf('/') + 1, -'.rels'.length)
  walkXml(
    bytes,
    {
      open(element, attributes) {
        if (element !== 'Relationship') return
        const target = attribute(attributes, 'Target') ?? ''
        const external = (attribute(attributes, 'TargetMode') ?? '').toLowerCase() === 'external'
        const type = attribute(attributes, 'Type') ?? ''
        into.push({
          source,
          id: attribute(attributes, 'Id') ?? '',
          type: type.slice(type.lastIndexOf('/') + 1).toLowerCase(),
          target: external ? target : resolveTarget(folder, target),
          external,
        })
      },
    },
    context,
  )
}

/** Relative to the folder of the source part, or to the package where it starts with a slash. */
function resolveTarget(folder: string, target: string): string {
  const path = target.startsWith('/') ? target : folder + target
  const segments: string[] = []
  for (const segment of partName(path.replace(/[?#].*$/, '')).split('/')) {
    if (segment === '..') segments.pop()
    else if (segment !== '.' && segment !== '') segments.push(segment)
  }
  return segments.join('/')
}
