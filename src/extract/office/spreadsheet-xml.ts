import { limits } from '../../core/limits.ts'
import { type ExtractContext, ExtractLimitError } from '../format.ts'
import { attribute, type XmlAttributes } from '../readers/xml-attributes.ts'
import { walkXml, type XmlHandler } from '../readers/xml-walker.ts'
import { type CellFormats, plainNumber } from './cell-format.ts'
import { RowWriter } from './row-writer.ts'
import { SharedStrings } from './shared-strings.ts'
import { formatWords, HEADER_OR_FOOTER, headerLines, joinedLiterals } from './sheet-codes.ts'

/**
 * SpreadsheetML: shared strings, number formats, and sheets as rows of TAB-separated cells, a value under its header.
 * Rows go out as they are read, so a sheet never sits in memory as text. Cells are bounded by a named limit.
 */
export interface WorkbookOutline {
  readonly sheets: readonly { readonly name: string; readonly id: string; readonly hidden: boolean }[]
  /** Defined names and other words of the workbook part. */
  readonly lines: string[]
  readonly date1904: boolean
}

/** Words of the workbook that a person typed, besides the names of sheets and ranges. */
const WORKBOOK_WORDS: Readonly<Record<string, readonly string[]>> = {
  customWorkbookView: ['name'],
  definedName: ['comment', 'description', 'help', 'statusBar', 'customMenu'],
  fileSharing: ['userName'],
  functionGroup: ['name'],
  webPublishObject: ['title', 'destinationFile', 'sourceObject'],
}

/** Values of the attributes that `vocabulary` lists for the element. */
function attributeWords(
  vocabulary: Readonly<Record<string, readonly string[]>>,
  name: string,
  attributes: XmlAttributes,
): string[] {
  const wanted = Object.hasOwn(vocabulary, name) ? (vocabulary[name] ?? []) : []
  return wanted.map((key) => attribute(attributes, key) ?? '').filter((value) => value !== '')
}

export function readWorkbook(bytes: Uint8Array, context: ExtractContext): WorkbookOutline {
  const sheets: { name: string; id: string; hidden: boolean }[] = []
  const lines: string[] = []
  let date1904 = false
  let definedName = ''
  walkXml(
    bytes,
    {
      open(name, attributes) {
        if (name === 'workbookPr') date1904 = /^(?:1|true)$/i.test(attribute(attributes, 'date1904') ?? '')
        if (name === 'definedName') definedName = attribute(attributes, 'name') ?? ''
        lines.push(...attributeWords(WORKBOOK_WORDS, name, attributes))
        if (name !== 'sheet') return
        if (sheets.length >= limits.extractPartsMax) throw new ExtractLimitError('too-many', 'sheets')
        const hidden = /hidden/i.test(attribute(attributes, 'state') ?? '')
        sheets.push({ name: attribute(attributes, 'name') ?? '', id: attribute(attributes, 'id') ?? '', hidden })
      },
      text(data) {
        if (definedName) lines.push(`${definedName}\t${data}`)
      },
      close(name) {
        if (name === 'definedName') definedName = ''
      },
      aside: (text) => lines.push(text),
    },
    context,
  )
  return { sheets, lines, date1904 }
}

/** Strings by index. Phonetic readings, and text outside of the strings, are kept beside them. */
export function readSharedStrings(bytes: Uint8Array, context: ExtractContext): SharedStrings {
  const strings = new SharedStrings()
  let current = ''
  let aside = ''
  let inString = false
  let inText = false
  let phonetic = 0
  let total = 0
  walkXml(
    bytes,
    {
      open(name) {
        if (name === 'si') {
          current = ''
          inString = true
        }
        if (name === 't') inText = true
        if (name === 'rPh') phonetic += 1
      },
      text(data) {
        total += data.length
        if (total > limits.extractTextMaxBytes) throw new ExtractLimitError('too-large', 'shared strings')
        if (inText && inString && phonetic === 0) current += data
        else aside += data
      },
      close(name) {
        if (name === 't') inText = false
        if (name === 'rPh') phonetic = Math.max(0, phonetic - 1)
        if (name === 't' || name === 'rPh' || name === 'si') {
          strings.addAside(aside)
          aside = ''
        }
        if (name !== 'si') return
        strings.add(current)
        inString = false
      },
      aside: (text) => strings.addAside(text),
    },
    context,
  )
  strings.addAside(aside)
  return strings
}

export interface NumberStyles {
  /** Number format id by cell style index. */
  readonly styles: readonly number[]
  readonly codes: ReadonlyMap<number, string>
  /** What number formats write beside the number, and names of styles that a person made. */
  readonly words: string[]
}

export function readNumberStyles(bytes: Uint8Array, context: ExtractContext): NumberStyles {
  const styles: number[] = []
  const codes = new Map<number, string>()
  const words: string[] = []
  let inCells = false
  walkXml(
    bytes,
    {
      open(name, attributes) {
        if (name === 'cellXfs') inCells = true
        if (name === 'numFmt') {
          const code = attribute(attributes, 'formatCode') ?? ''
          codes.set(Number(attribute(attributes, 'numFmtId')), code)
          words.push(...formatWords(code))
        }
        if (name === 'cellStyle' && attribute(attributes, 'builtinId') === undefined)
          words.push(attribute(attributes, 'name') ?? '')
        if (name === 'tableStyle') words.push(attribute(attributes, 'name') ?? '')
        if (name === 'xf' && inCells) styles.push(Number(attribute(attributes, 'numFmtId') ?? 0))
      },
      close(name) {
        if (name === 'cellXfs') inCells = false
      },
    },
    context,
  )
  return { styles, codes, words: [...new Set(words)].filter((word) => word !== '') }
}

/** Words outside the cells: headers and footers, rules, validation, links. */
const WORD_ATTRIBUTES: Readonly<Record<string, readonly string[]>> = {
  dataValidation: ['promptTitle', 'prompt', 'errorTitle', 'error'],
  hyperlink: ['tooltip', 'display', 'location'],
  scenario: ['name', 'comment', 'user'],
  protectedRange: ['name'],
  webPublishItem: ['title', 'destinationFile'],
  inputCells: ['val'],
  cfRule: ['text'],
  filter: ['val'],
  customFilter: ['val'],
  dataRef: ['name', 'sheet'],
  control: ['name'],
  oleObject: ['link'],
  sortCondition: ['customList'],
}

/** From this many digits on a whole number may be more than a double holds. */
const EXACT_DIGITS_MIN = 16

/** One worksheet, read as it goes. `cells` counts over all sheets of the workbook. */
export class SheetReader implements XmlHandler {
  readonly #shared: SharedStrings
  readonly #formats: CellFormats
  readonly #rows: RowWriter
  /** Past so many those alone that hold a text or a long number: others only say which cells they reckon with. */
  readonly #formulas = new Set<string>()
  readonly #after: string[] = []
  #column = -1
  #type = ''
  #style = 0
  #value = ''
  #formula = ''
  #element = ''
  #inCell = false
  #phonetic = 0

  constructor(shared: SharedStrings, formats: CellFormats, context: ExtractContext) {
    this.#shared = shared
    this.#formats = formats
    this.#rows = new RowWriter(context)
  }

  open(name: string, attributes: XmlAttributes): void {
    this.#element = name
    switch (name) {
      case 'row':
        this.#endRow()
        return
      case 'c':
        this.#openCell(attributes)
        return
      case 'rPh':
        this.#phonetic += 1
        return
      default:
        this.#after.push(...attributeWords(WORD_ATTRIBUTES, name, attributes))
    }
  }

  text(data: string): void {
    if (!this.#inCell) {
      if (this.#element === '' || data.trim() === '') return
      if (HEADER_OR_FOOTER.test(this.#element)) this.#after.push(...headerLines(data))
      else this.#after.push(data.trim())
      return
    }
    if (this.#element === 'f') this.#formula += data
    else if ((this.#element === 'v' || this.#element === 't') && this.#phonetic === 0) this.#value += data
    else if (data.trim() !== '') this.#after.push(data.trim())
  }

  close(name: string): void {
    this.#element = ''
    switch (name) {
      case 'c':
        this.#closeCell()
        return
      case 'row':
        this.#endRow()
        return
      case 'rPh':
        this.#phonetic = Math.max(0, this.#phonetic - 1)
        return
      default:
    }
  }

  aside(text: string): void {
    this.#after.push(text.trim())
  }

  /** Gives out what is left: the last row, formulas, and the words outside the cells. */
  finish(): void {
    this.#endRow()
    for (const formula of this.#formulas) {
      this.#rows.line(`=${formula}`)
      for (const joined of joinedLiterals(formula)) this.#rows.line(joined)
    }
    for (const line of this.#after) this.#rows.line(line)
    this.#rows.flush()
  }

  #endRow(): void {
    this.#rows.endRow()
    this.#column = -1
  }

  #openCell(attributes: XmlAttributes): void {
    const column = columnOf(attributes.get('r'))
    this.#column = column >= 0 ? column : this.#column + 1
    this.#type = attributes.get('t') ?? 'n'
    this.#style = Number(attributes.get('s') ?? 0)
    this.#value = ''
    this.#formula = ''
    this.#inCell = true
  }

  #closeCell(): void {
    this.#inCell = false
    const isTold = this.#formulas.size < limits.extractArchiveEntriesMax || SAYS_SOMETHING.test(this.#formula)
    if (this.#formula !== '' && isTold) this.#formulas.add(this.#formula)
    this.#rows.cell(this.#column, this.#cellText())
  }

  #cellText(): string {
    const value = this.#value
    switch (this.#type) {
      case 's':
        return this.#shared.at(Number(value)) ?? value
      case 'b':
        return value === '1' ? 'TRUE' : value === '0' ? 'FALSE' : value
      case 'n': {
        const number = value === '' ? Number.NaN : Number(value)
        if (!Number.isFinite(number)) return value
        // More digits than a double holds are kept as they were written.
        if (value.length >= EXACT_DIGITS_MIN && /^\d+$/.test(value) && plainNumber(number) !== value) return value
        return this.#formats.show(number, this.#style)
      }
      default:
        return value
    }
  }
}

/** Zero-based column of a reference such as `AB12`; -1 where there is none. */
function columnOf(reference: string | undefined): number {
  if (reference === undefined) return -1
  let column = 0
  for (let i = 0; i < reference.length && i < 4; i++) {
    const code = reference.charCodeAt(i) & 0xdf
    if (code < 65 || code > 90) break
    column = column * 26 + (code - 64)
  }
  return column - 1
}

/** A text, or five digits that are no row of a reference. */
const SAYS_SOMETHING = /"|(?<![A-Z$\d])\d{5}/i
