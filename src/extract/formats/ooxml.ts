import type { ExtractContext, Format, FormatInput } from '../format.ts'
import { cellFormats } from '../office/cell-format.ts'
import {
  finishProperties,
  newPropertyReading,
  readCustomProperties,
  readLabelInfo,
  readProperties,
} from '../office/document-properties.ts'
import { isFormControl, readFormControls } from '../office/form-controls.ts'
import { type ListDefinitions, ListNumbering } from '../office/list-numbering.ts'
import { readNumberingPart } from '../office/numbering-part.ts'
import { type OoxmlPackage, type OoxmlPart, openOoxml } from '../office/ooxml-package.ts'
import { isServiceNotes } from '../office/service-notes.ts'
import { SharedStrings } from '../office/shared-strings.ts'
import { readXlsb } from '../office/spreadsheet-binary.ts'
import { readNumberStyles, readSharedStrings, readWorkbook, SheetReader } from '../office/spreadsheet-xml.ts'
import { StoryText } from '../office/story-text.ts'
import { isThumbnail } from '../office/thumbnail.ts'
import { readWordStyles, type WordStyles } from '../office/word-styles.ts'
import { carveLatin, carveUtf16 } from '../readers/carve-strings.ts'
import { isFont } from '../readers/font.ts'
import { walkXml, xmlToText } from '../readers/xml-walker.ts'
import { extractGaps } from './zip.ts'

/**
 * Office Open XML (ISO/IEC 29500) of every kind: Word, Excel, PowerPoint, Visio, XPS, with and without macros. The main
 * story first, then everything else that holds words; pictures, embedded objects, macros and whatever no one knows are
 * children. Nothing in the package is skipped but its own plumbing.
 */
const MAIN = 'application/vnd.openxmlformats-officedocument.'

export const docx = ooxml('docx', [
  `${MAIN}wordprocessingml.document`,
  `${MAIN}wordprocessingml.template`,
  'application/vnd.ms-word.document.macroenabled.12',
  'application/vnd.ms-word.template.macroenabled.12',
])
export const xlsx = ooxml('xlsx', [
  `${MAIN}spreadsheetml.sheet`,
  `${MAIN}spreadsheetml.template`,
  'application/vnd.ms-excel.sheet.macroenabled.12',
  'application/vnd.ms-excel.template.macroenabled.12',
  'application/vnd.ms-excel.addin.macroenabled.12',
])
export const xlsb = ooxml('xlsb', ['application/vnd.ms-excel.sheet.binary.macroenabled.12'])
export const pptx = ooxml('pptx', [
  `${MAIN}presentationml.presentation`,
  `${MAIN}presentationml.slideshow`,
  `${MAIN}presentationml.template`,
  'application/vnd.ms-powerpoint.presentation.macroenabled.12',
  'application/vnd.ms-powerpoint.slideshow.macroenabled.12',
])
export const vsdx = ooxml('vsdx', [
  'application/vnd.ms-visio.drawing',
  'application/vnd.ms-visio.drawing.main+xml',
  'application/vnd.ms-visio.drawing.macroenabled.12',
])
export const xps = ooxml('xps', ['application/vnd.ms-xpsdocument', 'application/oxps'])
export const opc = ooxml('opc', ['application/vnd.openxmlformats-package'])

function ooxml(id: string, types: readonly string[]): Format {
  return { id, types, extract: (input, context) => extractOoxml(input, context) }
}

async function extractOoxml(input: FormatInput, context: ExtractContext): Promise<void> {
  const reader = new OoxmlReader(await openOoxml(input.bytes, context), context)
  await reader.read()
  await extractGaps(input.bytes, reader.package.archive, context)
  for (const entry of reader.package.archive.directory.variants) {
    const bytes = await reader.package.archive.read(entry)
    if (bytes) await context.child({ bytes, filename: entry.name, traits: ['hidden-content'] })
  }
}

/** Parts whose words are known to the reader of stories. Others of the same folders may say anything anywhere. */
const KNOWN_STORY =
  /^(?:word|ppt|xl)\/(?:glossary\/)?(?:document|header|footer|footnotes|endnotes|comments|styles|stylesWithEffects|numbering|settings|presentation|commentauthors|authors|sharedstrings|connections|persons|metadata|(?:slides|notesslides|notesmasters|handoutmasters|slidemasters|slidelayouts|comments|diagrams|charts|drawings|tags|tables|threadedcomments|persons|pivottables|pivotcache|externallinks|ink|activex|embeddings)\/)/i

type Kind = 'story' | 'sheet' | 'properties' | 'generic' | 'plumbing' | 'child'

/** What a part is, by its content type, or by its name where the package states none. */
function kindOf(part: OoxmlPart): Kind {
  const { name, contentType } = part
  if (/^docprops\/(?:core|app|custom)\.xml$/.test(name) || name.startsWith('docmetadata/')) return 'properties'
  if (/(?:^|\/)(?:core|app|custom)-?properties[^/]*\.xml$|\.psmdcp$/.test(name)) return 'properties'
  if (name.endsWith('.vml')) return 'story'
  const isXml = /\bxml$/.test(contentType) || /\.(?:xml|fpage|fdoc|fdseq)$/.test(name)
  if (!isXml) return 'child'
  if (
    /(?:^|\/)(?:theme|tablestyles|viewprops|presprops|websettings|fonttable|calcchain|volatiledependencies)\d*\.xml$/.test(
      name,
    )
  )
    return 'plumbing'
  if (/worksheet\+xml|chartsheet\+xml|dialogsheet\+xml|macrosheet\+xml/.test(contentType)) return 'sheet'
  if (/^xl\/(?:worksheets|chartsheets|dialogsheets|macrosheets)\/[^/]+\.xml$/.test(name)) return 'sheet'
  if (
    /^(?:word|ppt|xl|visio|documents|diagrams)\//.test(name) ||
    /officedocument|ms-(?:word|excel|powerpoint|visio|office)/.test(contentType)
  )
    return 'story'
  if (/\.(?:fpage|fdoc|fdseq)$/.test(name)) return 'story'
  return 'generic'
}

class OoxmlReader {
  readonly package: OoxmlPackage
  readonly #context: ExtractContext
  readonly #done = new Set<string>()
  readonly #said = new Set<string>()

  constructor(opened: OoxmlPackage, context: ExtractContext) {
    this.package = opened
    this.#context = context
  }

  async read(): Promise<void> {
    const context = this.#context
    await this.#readWorkbook()
    const parts = inReadingOrder(this.package.parts)
    const styles = await this.#wordStyles()
    const lists = await this.#listNumbering()
    for (const part of parts) {
      if (this.#done.has(part.entry.name)) continue
      if (!context.budget.hasTime()) return context.uninspected('timeout', 'ooxml')
      const kind = kindOf(part)
      if (kind === 'properties') continue
      if (kind === 'child') await this.#readChild(part)
      else if (kind === 'sheet') continue
      else await this.#readXml(part, kind, styles, lists)
    }
    this.#tellLinks()
    await this.#readProperties()
  }

  async #bytes(part: OoxmlPart): Promise<Buffer | null> {
    this.#done.add(part.entry.name)
    const bytes = await this.package.archive.read(part.entry)
    // No writer of these formats declares a document type; whoever resolves its entities sees another document.
    if (bytes && looksLikeXml(bytes) && bytes.subarray(0, 4096).includes('<!DOCTYPE')) {
      this.#context.uninspected('ambiguous', 'document type declaration', part.entry.name)
    }
    return bytes
  }

  #find(name: string): OoxmlPart | undefined {
    return this.package.parts.find((part) => part.name === name)
  }

  /** Once only, where the same words come again: layouts repeat their master, drawings their diagram. */
  #tell(text: string): void {
    if (text === '' || this.#said.has(text)) return
    if (text.length < 100_000) this.#said.add(text)
    this.#context.text(text)
  }

  async #readXml(
    part: OoxmlPart,
    kind: Kind,
    styles: WordStyles | undefined,
    lists: ListDefinitions | null,
  ): Promise<void> {
    const bytes = await this.#bytes(part)
    if (!bytes) return
    if (!looksLikeXml(bytes)) {
      await this.#context.child({ bytes, filename: part.entry.name, declaredType: part.contentType || null })
      return
    }
    if (kind === 'generic' && !/itemprops\d*\.xml$/.test(part.name)) return this.#tell(xmlToText(bytes, this.#context))
    const numbering = lists && part.name.startsWith('word/') ? new ListNumbering(lists) : undefined
    const everyAttribute = kind === 'story' && /^(?:word|ppt|xl)\//.test(part.name) && !KNOWN_STORY.test(part.name)
    const story = new StoryText({
      ...(styles ? { styles } : {}),
      ...(numbering ? { numbering } : {}),
      everyAttribute,
    })
    try {
      walkXml(bytes, story, this.#context)
    } finally {
      this.#tell(story.toString())
      if (story.hasHidden) this.#context.trait('hidden-content')
    }
  }

  async #readChild(part: OoxmlPart): Promise<void> {
    const bytes = await this.#bytes(part)
    if (!bytes) return
    if (/printersettings[^/]*\.bin$/.test(part.name) || isFont(bytes, part.name)) return
    if (isThumbnail(part.name, bytes)) return
    if (isServiceNotes(part, bytes, this.package))
      return this.#tell([...carveLatin(bytes), ...carveUtf16(bytes)].join('\n'))
    if (/\/activex\//.test(part.name) && isFormControl(bytes)) return readFormControls(bytes, this.#context)
    if (/vbaproject\.bin$/.test(part.name)) this.#context.trait('macro')
    await this.#context.child({ bytes, filename: part.entry.name, declaredType: part.contentType || null })
  }

  /** Where links and linked data outside the package point. */
  #tellLinks(): void {
    const targets = new Set<string>()
    for (const relationship of this.package.relationships) {
      if (relationship.external) targets.add(relationship.target)
      if (relationship.type === 'origin' && /digital-signature|_xmlsignatures/.test(relationship.target))
        this.#context.trait('digitally-signed')
    }
    this.#tell([...targets].join('\n'))
  }

  async #wordStyles(): Promise<WordStyles | undefined> {
    const part = this.#find('word/styles.xml')
    return part ? readWordStyles(await this.package.archive.read(part.entry), this.#context) : undefined
  }

  /** Lists count through one story; those of headers and notes are counted by themselves. */
  async #listNumbering(): Promise<ListDefinitions | null> {
    const part = this.#find('word/numbering.xml')
    return part ? readNumberingPart(await this.package.archive.read(part.entry), this.#context) : null
  }

  async #readProperties(): Promise<void> {
    const context = this.#context
    const reading = newPropertyReading()
    let tenants = new Set<string>()
    const labelInfo = this.package.relationships.find((r) => r.type === 'classificationlabels' && !r.external)
    for (const part of this.package.parts) {
      const isLabels = part.name === labelInfo?.target || part.name === 'docmetadata/labelinfo.xml'
      if (!isLabels && kindOf(part) !== 'properties') continue
      const bytes = await this.#bytes(part)
      if (!bytes) continue
      if (isLabels) tenants = readLabelInfo(bytes, context)
      else if (/custom[^/]*\.xml$/.test(part.name)) readCustomProperties(bytes, reading, context)
      else readProperties(bytes, reading, context)
    }
    finishProperties(reading, tenants, context)
  }

  /** Sheets in the order of the workbook; those that it doesn't list come last. */
  async #readWorkbook(): Promise<void> {
    const context = this.#context
    const workbookPart =
      this.#find('xl/workbook.xml') ??
      this.package.parts.find(
        (p) => /sheet\.main\+xml|template\.main\+xml/.test(p.contentType) && /spreadsheet|excel/.test(p.contentType),
      )
    if (!workbookPart) {
      if (this.#find('xl/workbook.bin')) for (const name of await readXlsb(this.package, context)) this.#done.add(name)
      return
    }
    const bytes = await this.#bytes(workbookPart)
    if (!bytes) return
    const outline = readWorkbook(bytes, context)
    const folder = workbookPart.name.slice(0, workbookPart.name.lastIndexOf('/') + 1)
    const shared = await this.#related(workbookPart.name, 'sharedstrings', `${folder}sharedstrings.xml`)
    const strings = shared ? readSharedStrings(shared, context) : new SharedStrings()
    const styles = await this.#related(workbookPart.name, 'styles', `${folder}styles.xml`)
    const numbers = styles
      ? readNumberStyles(styles, context)
      : { styles: [], codes: new Map<number, string>(), words: [] }
    for (const word of numbers.words) outline.lines.push(word)
    const formats = await cellFormats(numbers.styles, numbers.codes, outline.date1904)
    const sheets = this.#sheetParts(workbookPart.name, outline.sheets)
    for (const { part, name, hidden } of sheets) {
      if (hidden) context.trait('hidden-content')
      if (name) context.text(name)
      const sheet = await this.#bytes(part)
      if (!sheet) continue
      const reader = new SheetReader(strings, formats, context)
      try {
        walkXml(sheet, reader, context)
      } finally {
        reader.finish()
      }
    }
    const beside = [...strings.unused(), ...outline.lines]
    if (beside.length > 0) context.text(beside.join('\n'))
  }

  async #related(source: string, type: string, otherwise: string): Promise<Buffer | null> {
    const target = this.package.relationships.find((r) => r.source === source && r.type === type && !r.external)?.target
    const part = this.#find(target ?? otherwise) ?? this.#find(otherwise)
    return part ? this.#bytes(part) : null
  }

  #sheetParts(
    source: string,
    sheets: readonly { name: string; id: string; hidden: boolean }[],
  ): { part: OoxmlPart; name: string; hidden: boolean }[] {
    const byName = new Map(this.package.parts.map((part) => [part.name, part]))
    const found: { part: OoxmlPart; name: string; hidden: boolean }[] = []
    const listed = new Set<string>()
    for (const sheet of sheets) {
      const target = this.package.relationships.find((r) => r.source === source && r.id === sheet.id)?.target
      const part = target === undefined ? undefined : byName.get(target)
      if (!part || listed.has(part.name)) {
        this.#tell(sheet.name)
        continue
      }
      listed.add(part.name)
      found.push({ part, name: sheet.name, hidden: sheet.hidden })
    }
    for (const part of this.package.parts) {
      if (kindOf(part) === 'sheet' && !listed.has(part.name)) found.push({ part, name: '', hidden: true })
    }
    return found
  }
}

function looksLikeXml(bytes: Buffer): boolean {
  const head = bytes
    .subarray(0, 256)
    .toString('latin1')
    .replace(/\0/g, '')
    .replace(/^[\s\xef\xbb\xbf\xff\xfe]+/, '')
  return head === '' || head.startsWith('<')
}

const ORDER = [
  /^word\/document\.xml$/,
  /^ppt\/slides\//,
  /^visio\/pages\//,
  /^documents\//,
  /^word\//,
  /^ppt\/notesslides\//,
  /^ppt\//,
]

const byNumber = new Intl.Collator('en', { numeric: true })

function inReadingOrder(parts: readonly OoxmlPart[]): OoxmlPart[] {
  const ranked = parts.map((part) => {
    const found = ORDER.findIndex((pattern) => pattern.test(part.name))
    return { part, rank: found < 0 ? ORDER.length : found }
  })
  ranked.sort((a, b) => a.rank - b.rank || byNumber.compare(a.part.name, b.part.name))
  return ranked.map(({ part }) => part)
}
