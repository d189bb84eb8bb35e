import { limits } from '../../core/limits.ts'
import type { ExtractContext } from '../format.ts'
import { besideText, type ContentProgram, commentsOf, contentProgram } from './content-program.ts'
import { hasShapedGlyphs } from './font-maps.ts'
import { LooseStrings } from './loose-strings.ts'
import {
  decodedStream,
  type PdfFile,
  type PdfObject,
  plainHead,
  resolve,
  resolveDict,
  stringOf,
  wholeObject,
} from './pdf-file.ts'
import { isReadableText, pdfStringText } from './pdf-string-text.ts'
import { isDict, nameOf, type PdfDict, PdfRef, PdfString, type PdfValue } from './pdf-value.ts'
import { isColourProfile, isFontProgram, isMarkup, isPicture, isPlainText, isTextStream } from './stream-kind.ts'

/**
 * What all the objects of a PDF hold, in one pass over them: loose strings, content streams, pages, embedded files,
 * text in other streams. It never throws; past its limits or the time of the message it stops and `isCut` says so.
 */
export interface Inventory {
  readonly strings: LooseStrings
  readonly programs: ReadonlyMap<PdfObject, ContentProgram>
  /** Every page that there is, in the page tree or not. */
  readonly pages: readonly PdfObject[]
  /** Streams of embedded files, with the name that leads to them. */
  readonly files: readonly EmbeddedStream[]
  /** Text in streams that are no content: scripts, forms, private data. */
  readonly texts: readonly Buffer[]
  /** XMP packets of anything in the file. */
  readonly metadata: readonly Buffer[]
  /** Resources that glyphs are drawn with, by the number of the glyph's stream. */
  readonly glyphResources: ReadonlyMap<number, PdfValue>
  /** Fonts by the names that content streams know them by. */
  readonly fonts: ReadonlyMap<string, PdfValue>
  /** Character maps, by the number of their stream. */
  readonly maps: ReadonlyMap<number, string>
  /** Dictionaries of fonts that have a character map. */
  readonly mappedFonts: readonly PdfDict[]
  /** Fonts without a character map have glyphs whose names no reader of text knows. */
  readonly hasShapedGlyphs: boolean
  readonly hasBrokenStream: boolean
  readonly isCut: boolean
}

export interface EmbeddedStream {
  readonly object: PdfObject
  readonly filename: string | null
}

export function takeInventory(file: PdfFile, context: Pick<ExtractContext, 'budget'>): Inventory {
  const taking = new InventoryTaking(file, context)
  taking.values()
  taking.streams()
  return taking
}

interface StreamObject {
  readonly object: PdfObject
  readonly dict: PdfDict
}

class InventoryTaking implements Inventory {
  readonly strings = new LooseStrings()
  readonly programs = new Map<PdfObject, ContentProgram>()
  readonly pages: PdfObject[] = []
  readonly files: EmbeddedStream[] = []
  readonly texts: Buffer[] = []
  readonly metadata: Buffer[] = []
  readonly glyphResources = new Map<number, PdfValue>()
  readonly fonts = new Map<string, PdfValue>()
  readonly maps = new Map<number, string>()
  readonly mappedFonts: PdfDict[] = []
  hasShapedGlyphs = false
  hasBrokenStream = false
  isCut = false
  readonly #file: PdfFile
  readonly #context: Pick<ExtractContext, 'budget'>
  readonly #streams: StreamObject[] = []
  /** Names of embedded files by the number of their stream. */
  readonly #names = new Map<number, string | null>()
  /** Sets of glyphs that were gone through. */
  readonly #glyphs = new Set<PdfDict>()
  #textLeft: number = limits.extractTextMaxBytes

  constructor(file: PdfFile, context: Pick<ExtractContext, 'budget'>) {
    this.#file = file
    this.#context = context
    this.isCut = file.isCut
  }

  values(): void {
    const file = this.#file
    for (const [i, object] of file.objects.entries()) {
      if (i % 64 === 0 && !this.#context.budget.hasTime()) {
        this.isCut = true
        return
      }
      const { value, aside } = wholeObject(object)
      for (const words of aside) this.strings.line(words)
      this.strings.take(value, (string) => stringOf(file, object, string))
      // A trailer may say that the file is enciphered where it is not.
      if (file.cipher !== null)
        this.strings.take(value, (string) => (string.bytes.length < RAW_MIN_CHARS ? '' : string.bytes))
      if (isDict(value)) this.#dict(object, value)
    }
    for (const trailer of file.trailers) this.strings.take(trailer, (string) => string.bytes)
  }

  #dict(object: PdfObject, dict: PdfDict): void {
    const type = nameOf(dict.get('Type'))
    if (object.data !== null) this.#streams.push({ object, dict })
    else if (type === 'Page' || (type === '' && isPageLike(dict))) this.pages.push(object)
    const files = dict.has('EF') ? resolveDict(this.#file, dict.get('EF')) : null
    if (files !== null) {
      const name = dict.get('UF') ?? dict.get('F')
      const filename = name instanceof PdfString ? pdfStringText(stringOf(this.#file, object, name)) : null
      for (const target of files.values()) if (target instanceof PdfRef) this.#names.set(target.number, filename)
    }
    if (dict.has('BaseFont') || dict.has('ToUnicode')) this.#mappedFont(dict)
    if (dict.has('CharProcs')) {
      const resources = dict.get('Resources') ?? null
      const glyphs = resolveDict(this.#file, dict.get('CharProcs'))
      // Fonts may share their glyphs: resources of the first are taken.
      if (!this.#glyphs.has(glyphs))
        for (const glyph of glyphs.values())
          if (glyph instanceof PdfRef) this.glyphResources.set(glyph.number, resources)
      this.#glyphs.add(glyphs)
    }
    this.#fontsOf(dict.get('Font'))
    const resources = dict.get('Resources') ?? dict.get('DR')
    if (isDict(resources)) this.#fontsOf(resources.get('Font'))
  }

  /** Fonts that several resources call the same are mostly the same: the first is taken. */
  #fontsOf(value: PdfValue | undefined): void {
    if (value === undefined || this.fonts.size >= FONTS_MAX) return
    for (const [name, font] of resolveDict(this.#file, value)) {
      if (!this.fonts.has(name)) this.fonts.set(name, font)
      if (isDict(font)) this.#mappedFont(font)
    }
  }

  #mappedFont(font: PdfDict): void {
    if (font.has('ToUnicode')) {
      if (this.mappedFonts.length < FONTS_MAX) this.mappedFonts.push(font)
    } else if (!this.hasShapedGlyphs && font.has('Encoding')) {
      const differences = resolveDict(this.#file, font.get('Encoding')).get('Differences')
      this.hasShapedGlyphs = hasShapedGlyphs(resolve(this.#file, differences))
    }
  }

  streams(): void {
    let left = limits.extractPdfCheckMaxBytes
    for (const { object, dict } of this.#streams) {
      if (['ObjStm', 'XRef'].includes(nameOf(dict.get('Type')))) continue
      if (isPicture(plainHead(this.#file, object, dict), dict)) continue
      if (!this.#context.budget.hasTime()) {
        this.isCut = true
        return
      }
      const name = this.#names.get(object.number)
      if (nameOf(dict.get('Type')) === 'EmbeddedFile' || name !== undefined) {
        this.files.push({ object, filename: name ?? null })
        continue
      }
      const decoded = decodedStream(this.#file, object, dict, Math.min(left, limits.extractEntryMaxBytes))
      // A font with a wrong checksum shows what it shows; its letters come from elsewhere.
      const isFont = decoded.bytes !== null && isFontProgram(decoded.bytes)
      if (decoded.isBroken && !isFont && this.#file.cipher === null) this.hasBrokenStream = true
      if (decoded.isTooLarge) this.isCut = true
      if (decoded.bytes === null) continue
      left -= decoded.bytes.length
      this.#stream(object, dict, decoded.bytes)
    }
  }

  #stream(object: PdfObject, dict: PdfDict, bytes: Buffer): void {
    if (nameOf(dict.get('Type')) === 'Metadata' || nameOf(dict.get('Subtype')) === 'XML') {
      this.#keep(this.metadata, bytes)
      return
    }
    if (isFontProgram(bytes) || isColourProfile(bytes)) return
    const text = bytes.toString('latin1')
    if (bytes.includes('begincmap')) {
      this.maps.set(object.number, text)
      this.#textLeft -= bytes.length
    }
    if (bytes.includes('begincmap') || dict.has('FunctionType') || dict.has('ShadingType')) {
      this.#comments(text)
      return
    }
    const program = isMarkup(bytes) ? null : contentProgram(text)
    if (program !== null) {
      this.programs.set(object, program)
      this.#beside(text)
      return
    }
    if (isTextStream(bytes)) this.#keep(this.texts, bytes)
  }

  #comments(text: string): void {
    if (text.includes('%') && isReadableText(text)) for (const comment of commentsOf(text)) this.strings.line(comment)
  }

  #beside(text: string): void {
    const { properties, comments, pictures } = besideText(text)
    const actual: string[] = []
    for (const property of properties) {
      this.strings.take(property, (string) => string.bytes)
      const words = isDict(property) ? property.get('ActualText') : null
      if (words instanceof PdfString) actual.push(pdfStringText(words.bytes))
    }
    // Words may be given letter by letter, each for a piece of what is shown.
    if (actual.length > 1) this.strings.line(actual.join(''))
    for (const comment of comments) this.strings.line(comment)
    for (const picture of pictures) if (isPlainText(picture)) this.strings.line(picture)
  }

  #keep(list: Buffer[], bytes: Buffer): void {
    this.#textLeft -= bytes.length
    if (this.#textLeft < 0) this.isCut = true
    else list.push(bytes)
  }
}

/** Shorter ones read like words too often once they are enciphered. */
const RAW_MIN_CHARS = 12
const FONTS_MAX = 10_000
function isPageLike(dict: PdfDict): boolean {
  const contents = dict.get('Contents')
  return (contents instanceof PdfRef || Array.isArray(contents)) && (dict.has('Resources') || dict.has('MediaBox'))
}
