import { limits } from '../../core/limits.ts'
import type { ExtractContext, Format, FormatInput } from '../format.ts'
import { OdfStory } from '../office/odf-story.ts'
import { isBookkeeping, labelProperties } from '../office/property-labels.ts'
import { isThumbnail } from '../office/thumbnail.ts'
import { isFont } from '../readers/font.ts'
import { attribute } from '../readers/xml-attributes.ts'
import { walkXml, xmlToText } from '../readers/xml-walker.ts'
import { openZip, type ZipArchive } from '../readers/zip-archive.ts'
import type { ZipEntry } from '../readers/zip-directory.ts'
import { extractGaps } from './zip.ts'

/**
 * OpenDocument (ISO/IEC 26300) and its predecessor of OpenOffice 1, packaged and flat: content, headers and footers,
 * notes, comments, deleted text, formulas, properties, macros; pictures and embedded files as children. Documents with
 * encrypted entries are told as such.
 */
const KINDS = [
  'text',
  'spreadsheet',
  'presentation',
  'graphics',
  'chart',
  'formula',
  'image',
  'database',
  'text-master',
  'text-web',
  'base',
]
const OASIS = 'application/vnd.oasis.opendocument.'
const SUN = ['writer', 'calc', 'impress', 'draw', 'math'].map((kind) => `application/vnd.sun.xml.${kind}`)

export const odf: Format = {
  id: 'odf',
  types: [
    ...KINDS.flatMap((kind) => [`${OASIS}${kind}`, `${OASIS}${kind}-template`]),
    ...SUN.flatMap((type) => [type, `${type}.template`, `${type}.global`]),
  ],
  extract: (input, context) => extractOdf(input, context),
}

export const flatOdf: Format = {
  id: 'fodt',
  types: KINDS.map((kind) => `${OASIS}${kind}-flat-xml`),
  extract: (input, context) => extractFlat(input, context),
}

async function extractOdf(input: FormatInput, context: ExtractContext): Promise<void> {
  const archive = openZip(input.bytes, context)
  const sealed = await sealedEntries(archive, context)
  const properties: [string, string][] = []
  for (const entry of inReadingOrder(archive.directory.entries)) {
    if (!context.budget.hasTime()) {
      context.uninspected('timeout', 'odf')
      return
    }
    if (sealed.has(entry.name)) context.uninspected('encrypted', sealed.get(entry.name) ?? 'ODF encryption')
    else await extractPart(archive, entry, properties, context)
  }
  labelProperties(properties, context)
  await extractGaps(input.bytes, archive, context)
}

/** Entries that the manifest says are encrypted, with the cipher (ODF 1.3 part 2, 4.8). */
async function sealedEntries(archive: ZipArchive, context: ExtractContext): Promise<Map<string, string>> {
  const sealed = new Map<string, string>()
  const entry = archive.find('META-INF/manifest.xml')
  const bytes = entry ? await archive.read(entry) : null
  if (!bytes) return sealed
  let path = ''
  walkXml(
    bytes,
    {
      open(name, attributes) {
        if (name === 'file-entry') path = attribute(attributes, 'full-path') ?? ''
        if (name === 'encryption-data') sealed.set(path, 'ODF encryption')
        if (name === 'algorithm' && sealed.has(path)) {
          const algorithm = attribute(attributes, 'algorithm-name') ?? ''
          sealed.set(
            path,
            /aes256/i.test(algorithm) ? 'AES-256' : /blowfish/i.test(algorithm) ? 'Blowfish' : 'ODF encryption',
          )
        }
      },
    },
    context,
  )
  return sealed
}

const ORDER = ['content.xml', 'styles.xml', 'meta.xml']

function inReadingOrder(entries: readonly ZipEntry[]): ZipEntry[] {
  const rank = (entry: ZipEntry) => (ORDER.includes(entry.name) ? ORDER.indexOf(entry.name) : ORDER.length)
  return [...entries].sort((a, b) => rank(a) - rank(b))
}

async function extractPart(
  archive: ZipArchive,
  entry: ZipEntry,
  properties: [string, string][],
  context: ExtractContext,
): Promise<void> {
  const { name } = entry
  if (name.endsWith('/') || (entry.size === 0 && entry.compressedSize === 0)) return
  if (/^(?:mimetype|META-INF\/manifest\.xml|settings\.xml|layout-cache|manifest\.rdf)$/.test(name)) return
  // What embedded objects look like, drawn once more; the objects themselves are read.
  if (/^ObjectReplacements\//.test(name) && archive.find(`${name.slice('ObjectReplacements/'.length)}/content.xml`))
    return
  const bytes = await archive.read(entry)
  if (!bytes || isFont(bytes, name) || isThumbnail(name, bytes)) return
  if (/documentsignatures\.xml$/.test(name)) context.trait('digitally-signed')
  const isStory = /(?:^|\/)(?:content|styles|meta)\.xml$/.test(name)
  if (isStory) return readStory(bytes, properties, context)
  if (/^(?:Basic|Dialogs)\/.+\.(?:xml|xlb|xdl)$/.test(name)) {
    if (/^Basic\/.+\.xml$/.test(name) && !/script-l[bc]\.xml$/.test(name)) context.trait('macro')
    context.text(xmlToText(bytes, context))
    return
  }
  if (/^Scripts\//.test(name)) context.trait('macro')
  if (/^(?:Configurations2|Object \d+\/(?:settings|manifest)|META-INF)\b/.test(name) && name.endsWith('.xml')) {
    context.text(xmlToText(bytes, context))
    return
  }
  if (/^Object \d+\/(?:settings\.xml|mimetype)$/.test(name)) return
  await context.child({ bytes, filename: name })
}

async function readStory(bytes: Buffer, properties: [string, string][], context: ExtractContext): Promise<void> {
  const story = new OdfStory()
  try {
    walkXml(bytes, story, context)
  } finally {
    tell(story, properties, context)
  }
  await extractBinaries(story, context)
}

function tell(story: OdfStory, properties: [string, string][], context: ExtractContext): void {
  const text = story.story.toString()
  if (text !== '') context.text(text)
  if (story.story.hasHidden) context.trait('hidden-content')
  if (story.hasMacro) context.trait('macro')
  properties.push(...story.properties)
  const named = story.properties.filter(([name]) => !isBookkeeping(name)).map(([name, value]) => `${name}: ${value}`)
  if (named.length > 0) context.text(named.join('\n'))
}

async function extractBinaries(story: OdfStory, context: ExtractContext): Promise<void> {
  for (const [index, base64] of story.binaries.slice(0, limits.extractPartsMax).entries()) {
    await context.child({ bytes: Buffer.from(base64, 'base64'), filename: null, label: `[binary ${index + 1}]` })
  }
}

async function extractFlat(input: FormatInput, context: ExtractContext): Promise<void> {
  const properties: [string, string][] = []
  await readStory(Buffer.from(input.bytes), properties, context)
  labelProperties(properties, context)
}
