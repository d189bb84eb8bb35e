import type { ExtractContext } from '../format.ts'
import { attribute, type XmlAttributes } from '../readers/xml-attributes.ts'
import { isWords, type XmlHandler } from '../readers/xml-walker.ts'
import { RowWriter } from './row-writer.ts'
import { formatWords, headerLines, joinedLiterals } from './sheet-codes.ts'

/**
 * Workbooks of Excel 2003 in XML (`urn:schemas-microsoft-com:office:spreadsheet`): cells apart by TAB, rows by LF, then
 * formulas, comments and whatever else holds words.
 */
export class SpreadsheetStory implements XmlHandler {
  readonly #rows: RowWriter
  readonly #after: string[] = []
  #column = -1
  #value = ''
  #text = ''
  #inData = false

  constructor(context: ExtractContext) {
    this.#rows = new RowWriter(context)
  }

  open(name: string, attributes: XmlAttributes): void {
    switch (name) {
      case 'Worksheet':
        this.#rows.line(attribute(attributes, 'Name') ?? '')
        return
      case 'Row':
        this.#column = -1
        return
      case 'Cell': {
        const stated = Number(attribute(attributes, 'Index') ?? 0)
        this.#column = stated > 0 ? stated - 1 : this.#column + 1
        this.#value = ''
        this.#tell(attribute(attributes, 'Formula') ?? '')
        this.#tell(attribute(attributes, 'HRef') ?? '')
        this.#tell(attribute(attributes, 'HRefScreenTip') ?? '')
        return
      }
      case 'Data':
        this.#inData = true
        return
      case 'Header':
      case 'Footer':
        this.#after.push(...headerLines(attribute(attributes, 'Data') ?? ''))
        return
      case 'NumberFormat':
        this.#after.push(...formatWords(attribute(attributes, 'Format') ?? ''))
        return
      case 'Style':
      case 'Font':
        return
      default:
        if (!this.#inData)
          for (const [key, value] of attributes.entries())
            if (!key.startsWith('xmlns') && isWords(value)) this.#tell(value)
    }
  }

  text(data: string): void {
    if (this.#inData) this.#value += data
    else this.#text += data
  }

  close(name: string): void {
    if (name === 'Data') this.#inData = false
    if (name === 'Cell') this.#rows.cell(this.#column, this.#value)
    if (name === 'Row') this.#rows.endRow()
    if (this.#inData) return
    if (this.#text.trim() !== '' && isWords(this.#text.trim())) this.#after.push(this.#text.trim())
    this.#text = ''
  }

  aside(text: string): void {
    this.#after.push(text.trim())
  }

  /** Gives out what is left. */
  finish(): void {
    this.#rows.endRow()
    for (const line of new Set(this.#after)) this.#rows.line(line)
    this.#rows.flush()
  }

  #tell(value: string): void {
    if (value === '') return
    this.#after.push(value, ...(value.startsWith('=') ? joinedLiterals(value) : []))
  }
}
