import { limits } from '../../core/limits.ts'
import { isReadableText, pdfStringText } from './pdf-string-text.ts'
import { isDict, PdfName, PdfString, type PdfValue } from './pdf-value.ts'

/**
 * Strings and odd names in the objects of a PDF, wherever they stand: default values, tool tips, options, alternative
 * text, reasons of signatures, actions, private data. What programs write by themselves (dates, identifiers,
 * destinations, typographic settings) is left out by its shape, since any key may hold words. Pure; bounded by `limits.extractCellsMax`.
 */
export class LooseStrings {
  readonly #lines = new Set<string>()
  readonly #names = new Set<string>()
  /** Not all were taken. */
  isCut = false

  /** `read` gives the bytes of a string as they are without encryption. */
  take(value: PdfValue, read: (string: PdfString) => string): void {
    this.#walk(value, '', read)
  }

  /** Text from elsewhere in the file, such as a comment. */
  line(text: string): void {
    const clean = text.trim()
    if (!isReadableText(clean) || clean.length < LINE_MIN_CHARS) return
    if (this.#lines.size >= limits.extractCellsMax) this.isCut = true
    else this.#lines.add(clean)
  }

  /** All but what is `known`. */
  unknown(known: (text: string) => boolean): string[] {
    return [...this.#lines].filter((line) => !known(line) && !known(line.replace(/^\S+: /, '')))
  }

  #walk(value: PdfValue, key: string, read: (string: PdfString) => string): void {
    if (value instanceof PdfString) this.#string(value, key, read)
    else if (value instanceof PdfName) this.#name(value.name)
    else if (typeof value === 'number') this.#number(value, key)
    else if (Array.isArray(value)) {
      for (const item of value) this.#walk(item, key, read)
    } else if (isDict(value)) {
      for (const [name, item] of value) {
        this.#name(name)
        this.#walk(item, name, read)
      }
    }
  }

  #string(string: PdfString, key: string, read: (string: PdfString) => string): void {
    if (string.bytes.length > limits.extractTextMaxBytes) this.isCut = true
    else {
      const bytes = read(string)
      const text = pdfStringText(bytes).trim()
      if (!isWords(bytes, text)) {
        for (const [run] of bytes.matchAll(/[\x20-\x7e]{8,}/g)) this.line(run)
        return
      }
      if (isByProgram(text, key)) return
      // Names that people or their programs chose say what the value is.
      this.line(key.length >= LABEL_MIN_CHARS && !KNOWN_KEYS.has(key) && !key.includes('#') ? `${key}: ${text}` : text)
    }
  }

  /** Sizes, places and codes have few digits; so many are a number of something else. */
  #number(value: number, key: string): void {
    if (value >= NUMBER_MIN && Number.isSafeInteger(value) && key !== 'P') this.line(String(value))
  }

  /** Names are words of the format, of fonts and glyphs; data in one has a blank, many digits or several parts. */
  #name(name: string): void {
    if (name.length < NAME_MIN_CHARS || this.#names.has(name)) return
    if (this.#names.size >= limits.extractRecordsMax) {
      this.isCut = true
      return
    }
    this.#names.add(name)
    const isOdd = /\s|\d.*\d.*\d.*\d|[-_.].*[-_.]/.test(name) || (/[-_.]/.test(name) && /\d/.test(name))
    if (isOdd && !(name.length <= NAMES_OF_PROGRAMS_MAX_CHARS && NAMES_OF_PROGRAMS.test(name)))
      this.line(pdfStringText(name))
  }
}

const LINE_MIN_CHARS = 2
const LABEL_MIN_CHARS = 4
const NAME_MIN_CHARS = 8
const NUMBER_MIN = 100_000_000

/** Text, and not the bytes of a digest, key or table. Strings without a mark of UTF-16 or UTF-8 are looked at closer. */
function isWords(bytes: string, text: string): boolean {
  if (!isReadableText(text)) return false
  if (/^(?:\xfe\xff|\xff\xfe|\xef\xbb\xbf)/.test(bytes)) return true
  const printable = text.match(/[\s\x20-\x7e\xc0-\xff\u2010-\u2026]/g)?.length ?? 0
  const plain = text.match(/[A-Za-z\d\s]/g)?.length ?? 0
  return printable * 20 >= text.length * 17 && (plain * 5 >= text.length * 2 || printable === plain)
}

/** Words of the format: what is short and has few digits is not told. */
const WORD_KEYS: ReadonlySet<string> = new Set([
  'Lang',
  'Registry',
  'Ordering',
  'FontFamily',
  'OutputConditionIdentifier',
  'RegistryName',
])
const WORD_MAX_CHARS = 24

const KNOWN_KEYS: ReadonlySet<string> = new Set([
  'Contents',
  'Title',
  'Author',
  'Subject',
  'Keywords',
  'ActualText',
  'Desc',
  'Subj',
  'Name',
  'Names',
  'Reason',
  'Location',
  'ContactInfo',
  'Dest',
  'Info',
  'Nums',
  'Limits',
  'Kids',
  'Differences',
  'Fields',
  'Label',
  'OutputCondition',
  'Order',
])

/** Dates, settings of fonts and colours, file identifiers, targets of links as LaTeX and Word name them. */
const BY_PROGRAMS: readonly RegExp[] = [
  /^D:(?:19|20)\d\d(?:(?:0[1-9]|1[0-2])(?:[0-3]\d(?:[0-2]\d(?:[0-5]\d(?:[0-5]\d)?)?)?)?)?(?:Z|[+-]\d\d'?(?:\d\d'?)?)?(?:00'00')?$/,
  // Each step begins with another character than the blanks before it, so that there is one way to read a string.
  /^\s*(?:\/\S{1,40} +[\d.]{1,8} Tf\s*|[\d.][\d. ]{0,39} (?:g|rg|k|G|RG|K)\s*)+$/,
  /^[a-z*]{1,40}(?:\.[a-z*]{1,3})?(?:\.\d{1,3}){1,6}$/i,
  /^(?:node|struct|elem|g|_toc|_ref|_hlk|_bookmark|page|annot|bookmark)\d{1,9}$/i,
  /^(?:uuid:|urn:uuid:)?[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i,
]
const BY_PROGRAMS_MAX_CHARS = 200

function isByProgram(text: string, key: string): boolean {
  if (key === 'CharSet' && /^(?:\/[\w.-]{1,31})*$/.test(text)) return true
  if (WORD_KEYS.has(key) && text.length <= WORD_MAX_CHARS && !/\d.*\d.*\d.*\d.*\d.*\d/.test(text)) return true
  return text.length <= BY_PROGRAMS_MAX_CHARS && BY_PROGRAMS.some((pattern) => pattern.test(text))
}

/** Longer than names may be (ISO 32000-1, annex C): no program writes those. */
const NAMES_OF_PROGRAMS_MAX_CHARS = 127
/** Subset fonts, glyphs by code, resources and structure types with a running number, output profiles. */
const NAMES_OF_PROGRAMS =
  /^(?:[A-Z]{6}\+[^\d]*\d{0,3}[^\d]*$|uni(?:[\dA-F]{4})+$|[a-z]{1,8}[\dA-F]{1,6}$|[A-Za-z_.-]{1,24}\d{1,5}$|CIDFont)/i
