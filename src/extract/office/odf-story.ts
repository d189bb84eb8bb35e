import { limits } from '../../core/limits.ts'
import { attribute, NO_ATTRIBUTES, type XmlAttributes } from '../readers/xml-attributes.ts'
import type { XmlHandler } from '../readers/xml-walker.ts'
import { plainNumber } from './cell-format.ts'
import { StoryText } from './story-text.ts'

/**
 * Text of OpenDocument content (ODF 1.3 part 3): paragraphs as lines, cells apart by TAB, rows by LF; notes, comments,
 * text boxes and deleted text on lines of their own; formulas, values, links and titles behind their paragraph. Picture
 * data of flat documents is handed out.
 */
const WORDS: readonly string[] = [
  'formula',
  'string-value',
  'title',
  'label',
  'current-value',
  'condition',
  'message-type',
  'command',
  'description',
]
/** Elements whose content is a line of its own in the middle of another. */
const ASIDE_PARAGRAPHS = new Set([
  'annotation',
  'note',
  'text-box',
  'desc',
  'title',
  'creator',
  'note-body',
  'user-defined',
])
const SILENT = new Set([
  'note-citation',
  'date',
  'editing-cycles',
  'editing-duration',
  'generator',
  'creation-date',
  'date-string',
])

export class OdfStory implements XmlHandler {
  readonly story = new StoryText()
  /** Base64 of pictures and objects in flat documents. */
  readonly binaries: string[] = []
  /** Names and values of user-defined properties. */
  readonly properties: [string, string][] = []
  hasMacro = false
  #silent = 0
  #binary: string | null = null
  #property: { name: string; value: string } | null = null
  readonly #repeats: number[] = []
  #rawValue = ''

  open(name: string, attributes: XmlAttributes, prefix = ''): void {
    if (SILENT.has(name)) this.#silent += 1
    this.#words(name, attributes)
    switch (name) {
      case 'p':
      case 'h':
        this.story.open('p', NO_ATTRIBUTES)
        return
      case 'table-row':
        this.story.open('tr', NO_ATTRIBUTES)
        return
      case 'table-cell':
      case 'covered-table-cell':
        this.story.open('tc', NO_ATTRIBUTES)
        this.#repeats.push(Number(attribute(attributes, 'number-columns-repeated') ?? 1))
        this.#rawValue = identifierOf(attributes)
        return
      case 's':
        if (prefix === 'text' || prefix === '') this.#append(' '.repeat(spacesOf(attributes)))
        return
      case 'tab':
      case 'tab-stop':
        if (prefix === 'text') this.#append('\t')
        return
      case 'line-break':
        this.#append('\n')
        return
      case 'deletion':
        this.story.hasHidden = true
        return
      case 'binary-data':
        this.#binary = ''
        return
      case 'user-defined':
        this.#property = { name: attribute(attributes, 'name') ?? '', value: '' }
        break
      case 'module':
      case 'script':
      case 'event-listener':
        this.hasMacro = true
        break
      default:
    }
    if (ASIDE_PARAGRAPHS.has(name)) this.story.open('p', NO_ATTRIBUTES)
  }

  text(data: string): void {
    if (this.#binary !== null) {
      this.#binary += data
      return
    }
    if (this.#silent > 0) return
    if (this.#property) this.#property.value += data
    this.#append(data)
  }

  close(name: string): void {
    if (SILENT.has(name)) this.#silent = Math.max(0, this.#silent - 1)
    switch (name) {
      case 'p':
      case 'h':
        this.story.close('p')
        return
      case 'table-row':
        this.story.close('tr')
        return
      case 'table-cell':
      case 'covered-table-cell':
        this.#closeCell()
        return
      case 'binary-data':
        if (this.#binary) this.binaries.push(this.#binary)
        this.#binary = null
        return
      case 'user-defined':
        if (this.#property) this.properties.push([this.#property.name, this.#property.value.trim()])
        this.#property = null
        break
      default:
    }
    if (ASIDE_PARAGRAPHS.has(name)) this.story.close('p')
    else this.story.close(name === 'span' || name === 'a' ? 't' : name)
  }

  aside(text: string): void {
    this.story.aside(text)
  }

  #append(text: string): void {
    this.story.open('t', NO_ATTRIBUTES)
    this.story.text(text)
  }

  #closeCell(): void {
    if (this.#rawValue !== '') {
      this.story.open('p', NO_ATTRIBUTES)
      this.#append(this.#rawValue)
      this.story.close('p')
    }
    this.#rawValue = ''
    this.story.close('tc')
    const repeats = Math.min((this.#repeats.pop() ?? 1) - 1, limits.extractCellGapMax)
    for (let i = 0; i < repeats; i++) {
      this.story.open('tc', NO_ATTRIBUTES)
      this.story.close('tc')
    }
  }

  #words(name: string, attributes: XmlAttributes): void {
    for (const key of WORDS) {
      const value = attribute(attributes, key)
      if (value !== undefined && /[\p{L}\p{N}]{2}/u.test(value)) this.story.aside(value)
    }
    const link = attribute(attributes, 'href')
    if (link !== undefined && /^(?:[a-z][a-z0-9+.-]+:|\/\/|\\\\)/i.test(link)) this.story.aside(link)
    if (name === 'table' || name === 'page') this.story.aside(attribute(attributes, 'name') ?? '')
  }
}

/** A number that may be an identifier, as it is kept: its paragraph shows it formatted, or in exponents. */
function identifierOf(attributes: XmlAttributes): string {
  const type = attribute(attributes, 'value-type')
  const value = Number(attribute(attributes, 'value') ?? Number.NaN)
  if (type !== 'float' || !Number.isInteger(value) || Math.abs(value) < 1e5) return ''
  return plainNumber(value)
}

function spacesOf(attributes: XmlAttributes): number {
  const count = Number(attribute(attributes, 'c') ?? 1)
  return count > 0 && count <= 1000 ? count : 1
}
