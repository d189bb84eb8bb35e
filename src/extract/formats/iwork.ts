import { limits } from '../../core/limits.ts'
import type { ExtractContext, Format, FormatInput } from '../format.ts'
import { type IwaObject, readIwa } from '../office/iwa-archive.ts'
import { iwaStrings } from '../office/iwa-strings.ts'
import { iwaTables } from '../office/iwa-tables.ts'
import { isThumbnail } from '../office/thumbnail.ts'
import { gunzip } from '../readers/gunzip.ts'
import { walkXml, type XmlHandler } from '../readers/xml-walker.ts'
import { openZip, type ZipArchive } from '../readers/zip-archive.ts'
import type { ZipEntry } from '../readers/zip-directory.ts'

/**
 * Pages, Numbers and Keynote. Up to 2009 the document is XML; since 2013 it is protocol buffers in snappy frames: tables
 * are read row by row, and every string whatever it belongs to, so text of styles and of the program's own lists too.
 * Pictures, previews and embedded files are children.
 */
export const iwork: Format = {
  id: 'iwork',
  types: [
    'application/vnd.apple.iwork',
    'application/vnd.apple.pages',
    'application/vnd.apple.numbers',
    'application/vnd.apple.keynote',
  ],
  extract: (input, context) => extractIwork(input, context),
}

/** The zip method that iWork '09 gives its encrypted entries. */
const SEALED_METHOD = 25452

async function extractIwork(input: FormatInput, context: ExtractContext): Promise<void> {
  await readArchive(openZip(input.bytes, context), context, 0)
}

async function readArchive(archive: ZipArchive, context: ExtractContext, depth: number): Promise<void> {
  const isSealed = (entry: ZipEntry) => entry.method === SEALED_METHOD || /(?:^|\/)\.iwp[vh]\d?$/i.test(entry.name)
  if (archive.directory.entries.some(isSealed)) {
    context.uninspected('encrypted', 'iWork password')
    return
  }
  const objects: IwaObject[] = []
  for (const entry of archive.directory.entries) {
    if (!context.budget.hasTime()) {
      context.uninspected('timeout', 'iwork')
      return
    }
    for (const object of await readPart(archive, entry, context, depth)) objects.push(object)
  }
  if (objects.length === 0) return
  const tables = iwaTables(objects)
  if (tables.isPartial) context.uninspected('partial', 'iWork tables')
  context.text(tables.rows.join('\n'))
  context.text(iwaStrings(objects).join('\n'))
}

/** Resolves the objects of an IWA file; whatever else there is is read at once. */
async function readPart(
  archive: ZipArchive,
  entry: ZipEntry,
  context: ExtractContext,
  depth: number,
): Promise<readonly IwaObject[]> {
  const { name } = entry
  if (name.endsWith('/') || /(?:^|\/)(?:buildVersionHistory|Properties|DocumentIdentifier)\.?(?:plist)?$/i.test(name))
    return []
  const bytes = await archive.read(entry)
  if (!bytes) return []
  if (/\.iwa$/i.test(name)) {
    const iwa = readIwa(bytes, Math.min(limits.extractEntryMaxBytes, context.budget.inflatedLeft))
    if (!iwa?.isWhole) context.uninspected('corrupt', 'iwa', name)
    const size = iwa?.objects.reduce((sum, { data }) => sum + data.length, 0) ?? 0
    context.budget.inflate(Math.min(size, context.budget.inflatedLeft))
    return iwa?.objects ?? []
  }
  if (/(?:^|\/)index\.zip$/i.test(name) && depth === 0) {
    await readArchive(openZip(bytes, context), context, depth + 1)
    return []
  }
  if (/\.(?:xml|apxl)(?:\.gz)?$/i.test(name)) {
    const xml = /\.gz$/i.test(name) ? await gunzip(bytes, context) : bytes
    readXml(xml, context)
    return []
  }
  if (!isThumbnail(name, bytes)) await context.child({ bytes, filename: name })
  return []
}

/** Words of the XML format: paragraphs, cells, titles. Attributes that hold what cells show. */
const SHOWN: Readonly<Record<string, readonly string[]>> = {
  ct: ['s'],
  s: ['string'],
  string: ['string'],
  t: ['s'],
  n: ['v'],
  'cell-comment': ['string'],
  'pm-result': ['string'],
  link: ['href'],
  f: ['fs'],
  title: ['string'],
  author: ['string'],
  keywords: ['string'],
  comment: ['string'],
}

function readXml(bytes: Buffer, context: ExtractContext): void {
  const lines: string[] = []
  let line = ''
  const flush = () => {
    if (line.trim() !== '') lines.push(line.trim())
    line = ''
  }
  const handler: XmlHandler = {
    open(name, attributes) {
      if (name === 'br' || name === 'lnbr' || name === 'p' || name === 'pgbr') flush()
      if (name === 'tab') line += '\t'
      const keys = Object.hasOwn(SHOWN, name) ? SHOWN[name] : undefined
      for (const key of keys ?? []) {
        for (const [attributeName, value] of attributes.entries()) {
          if (attributeName.endsWith(`:${key}`) && value.trim() !== '') lines.push(value)
        }
      }
    },
    text(data) {
      line += data
    },
    close(name) {
      if (name !== 'span' && name !== 'link' && name !== 'tab') flush()
    },
  }
  walkXml(bytes, handler, context)
  flush()
  context.text(lines.join('\n'))
}
