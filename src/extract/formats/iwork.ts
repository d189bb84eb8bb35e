import { limits } from '../../core/limits.ts'
import type { ExtractContext, Format, FormatInput } from '../format.ts'
import { iwaStrings } from '../office/iwa-strings.ts'
import { isThumbnail } from '../office/thumbnail.ts'
import { gunzip } from '../readers/gunzip.ts'
import { walkXml, type XmlHandler } from '../readers/xml-walker.ts'
import { openZip, type ZipArchive } from '../readers/zip-archive.ts'
import type { ZipEntry } from '../readers/zip-directory.ts'

/**
 * Pages, Numbers and Keynote. Up to 2009 the document is XML; since 2013 it is protocol buffers in snappy frames, whose
 * strings are read without their schema and told as `partial`. Pictures, previews and embedded files are children.
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
  let strings = 0
  for (const entry of archive.directory.entries) {
    if (!context.budget.hasTime()) {
      context.uninspected('timeout', 'iwork')
      return
    }
    strings += await readPart(archive, entry, context, depth)
  }
  if (strings > 0) context.uninspected('partial', 'iWork without schema')
}

/** Resolves the number of IWA files it has read strings of. */
async function readPart(archive: ZipArchive, entry: ZipEntry, context: ExtractContext, depth: number): Promise<number> {
  const { name } = entry
  if (name.endsWith('/') || /(?:^|\/)(?:buildVersionHistory|Properties|DocumentIdentifier)\.?(?:plist)?$/i.test(name))
    return 0
  const bytes = await archive.read(entry)
  if (!bytes) return 0
  if (/\.iwa$/i.test(name)) {
    const words = iwaStrings(bytes, Math.min(limits.extractEntryMaxBytes, context.budget.inflatedLeft))
    context.budget.inflate(Math.min(bytes.length, context.budget.inflatedLeft))
    if (words === null) context.uninspected('corrupt', 'iwa', name)
    else if (words.length > 0) context.text(words.join('\n'))
    return words && words.length > 0 && /document|slide|table|index/i.test(name) ? 1 : 0
  }
  if (/(?:^|\/)index\.zip$/i.test(name) && depth === 0) {
    await readArchive(openZip(bytes, context), context, depth + 1)
    return 0
  }
  if (/\.(?:xml|apxl)(?:\.gz)?$/i.test(name)) {
    const xml = /\.gz$/i.test(name) ? await gunzip(bytes, context) : bytes
    readXml(xml, context)
    return 0
  }
  if (!isThumbnail(name, bytes)) await context.child({ bytes, filename: name })
  return 0
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
