import { limits } from '../../core/limits.ts'
import { ExtractLimitError } from '../format.ts'
import { attribute, type XmlAttributes } from '../readers/xml-attributes.ts'
import type { XmlHandler } from '../readers/xml-walker.ts'
import type { ListNumbering } from './list-numbering.ts'
import { allWords, INLINE, isOn, NOISE, symbolOf, wordsOf } from './story-vocabulary.ts'
import type { WordStyles } from './word-styles.ts'

/**
 * Text of a WordprocessingML, DrawingML or VML story: paragraphs as lines, table cells apart by TAB, rows by LF, runs
 * joined without a space. A paragraph with tracked changes or hidden runs comes out once for each reading of it. Text
 * boxes, field codes, alternative text and the like follow their paragraph. Text in unknown elements is text too.
 */
interface Paragraph {
  visible: string
  /** Before the tracked changes; null while it is the same as `visible`. */
  original: string | null
  /** With hidden runs; null while it is the same as `visible`. */
  full: string | null
  instruction: string
  hidden: boolean
  style: string
  /** List and level that the paragraph itself states. */
  numId: number | null
  level: number
}

/** Where finished lines go: the document, or the cell of a table. */
interface Sink {
  readonly lines: string[]
  row: string[] | null
}

interface Alternate {
  readonly sink: Sink
  readonly paragraph: Paragraph | null
  mark: number
  markText: number
  choice: string[]
}

export interface StoryOptions {
  readonly styles?: WordStyles
  readonly numbering?: ListNumbering
  /** For stories of a kind that nobody knows: the values of all attributes that hold words. */
  readonly everyAttribute?: boolean
}

export class StoryText implements XmlHandler {
  /** Something was hidden or deleted here. */
  hasHidden = false
  readonly #root: Sink = { lines: [], row: null }
  readonly #sinks: Sink[] = [this.#root]
  readonly #paragraphs: Paragraph[] = []
  readonly #alternates: Alternate[] = []
  readonly #styles: WordStyles | null
  readonly #numbering: ListNumbering | null
  readonly #everyAttribute: boolean
  #implicit: Paragraph = newParagraph()
  #asides: string[] = []
  #deleted = 0
  #inserted = 0
  #tabs = 0
  #oldProperties = 0
  #inRun = false
  #runHidden = false
  #inRunProperties = false
  /** Cells that the open one covers besides itself. */
  #pendingSpan = 0
  #element = ''
  #length = 0

  constructor(options: StoryOptions = {}) {
    this.#styles = options.styles ?? null
    this.#numbering = options.numbering ?? null
    this.#everyAttribute = options.everyAttribute ?? false
  }

  /** All lines. A document that is cut off leaves paragraphs and cells open. */
  toString(): string {
    while (this.#paragraphs.length > 0) this.#closeParagraph()
    while (this.#sinks.length > 1) this.close('tc')
    this.#closeRow()
    this.#flushImplicit()
    return this.#root.lines.join('\n')
  }

  open(name: string, attributes: XmlAttributes): void {
    this.#element = name
    switch (name) {
      case 'p':
        this.#flushImplicit()
        this.#paragraphs.push(newParagraph())
        return
      case 'r':
        this.#inRun = true
        this.#runHidden = false
        return
      case 'rPr':
        this.#inRunProperties = this.#inRun
        return
      case 'tabs':
      case 'tabLst':
        this.#tabs += 1
        return
      case 'tab':
      case 'ptab':
        if (this.#tabs === 0) this.#append('\t')
        return
      case 'br':
      case 'cr':
        this.#append('\n')
        return
      case 'noBreakHyphen':
        this.#append('-')
        return
      case 'sym':
        this.#append(symbolOf(attributes))
        return
      case 'del':
      case 'moveFrom':
        this.#deleted += 1
        return
      case 'ins':
      case 'moveTo':
        this.#inserted += 1
        return
      default:
        this.#openProperty(name, attributes)
    }
  }

  /** Elements that say how the run or paragraph around them is shown. */
  #openProperty(name: string, attributes: XmlAttributes): void {
    switch (name) {
      case 'rPrChange':
      case 'pPrChange':
        this.#oldProperties += 1
        return
      case 'vanish':
      case 'webHidden':
        if (this.#inRunProperties && this.#oldProperties === 0 && isOn(attributes)) this.#runHidden = true
        return
      case 'rStyle':
        if (this.#oldProperties === 0 && this.#isHiddenStyle(attributes)) this.#runHidden = true
        return
      case 'pStyle':
        if (this.#oldProperties > 0) return
        this.#paragraph().style = attribute(attributes, 'val') ?? ''
        if (this.#isHiddenStyle(attributes)) this.#paragraph().hidden = true
        return
      case 'numId':
        if (this.#oldProperties === 0) this.#paragraph().numId = Number(attribute(attributes, 'val') ?? 0)
        return
      case 'ilvl':
        if (this.#oldProperties === 0) this.#paragraph().level = Number(attribute(attributes, 'val') ?? 0)
        return
      default:
        this.#openStructure(name, attributes)
    }
  }

  /** Tables, fields and alternatives. */
  #openStructure(name: string, attributes: XmlAttributes): void {
    switch (name) {
      case 'fldChar':
        if (attribute(attributes, 'fldCharType') !== 'begin') this.#endInstruction()
        return
      case 'tr':
        this.#flushImplicit()
        this.#sink().row ??= []
        return
      case 'tc':
        this.#flushImplicit()
        this.#sink().row ??= []
        this.#sinks.push({ lines: [], row: null })
        return
      case 'gridSpan':
        this.#span(Number(attribute(attributes, 'val')))
        return
      case 'AlternateContent':
        this.#openAlternate()
        return
      case 'Fallback':
        this.#endChoice()
        return
      default:
        this.#openOther(name, attributes)
    }
  }

  #openOther(name: string, attributes: XmlAttributes): void {
    this.#asides.push(...(this.#everyAttribute ? allWords(attributes) : wordsOf(name, attributes)))
    if (this.#paragraphs.length === 0) this.#flushAsides()
  }

  text(data: string): void {
    switch (this.#element) {
      case 't':
      case 'delText':
        this.#append(data)
        return
      case 'instrText':
      case 'delInstrText':
        this.#paragraph().instruction += data
        return
      default:
        if (NOISE.has(this.#element) || data.trim() === '') return
        this.#append(data)
    }
  }

  close(name: string): void {
    this.#element = ''
    switch (name) {
      case 'p':
        this.#closeParagraph()
        return
      case 'r':
        this.#inRun = false
        this.#runHidden = false
        return
      case 'rPr':
        this.#inRunProperties = false
        return
      case 'rPrChange':
      case 'pPrChange':
        this.#oldProperties = Math.max(0, this.#oldProperties - 1)
        return
      case 'tabs':
      case 'tabLst':
        this.#tabs = Math.max(0, this.#tabs - 1)
        return
      case 'del':
      case 'moveFrom':
        this.#deleted = Math.max(0, this.#deleted - 1)
        return
      case 'ins':
      case 'moveTo':
        this.#inserted = Math.max(0, this.#inserted - 1)
        return
      case 'tc':
        this.#closeCell()
        return
      case 'tr':
        this.#closeRow()
        return
      case 'Fallback':
        this.#endFallback()
        return
      case 'AlternateContent':
        this.#alternates.pop()
        return
      default:
        if (this.#paragraphs.length === 0 && !INLINE.has(name)) this.#flushImplicit()
    }
  }

  aside(text: string): void {
    if (/\p{L}{2}|\d{3}/u.test(text)) this.#asides.push(text.trim())
  }

  #append(data: string): void {
    this.#length += data.length
    if (this.#length > limits.extractTextMaxBytes) throw new ExtractLimitError('too-large', 'text')
    const paragraph = this.#paragraph()
    const hidden = this.#runHidden || paragraph.hidden
    const deleted = this.#deleted > 0 || this.#element === 'delText'
    if ((deleted || this.#inserted > 0) && paragraph.original === null) paragraph.original = paragraph.visible
    if (hidden && paragraph.full === null) paragraph.full = paragraph.visible
    if (!deleted && !hidden) paragraph.visible += data
    if (paragraph.original !== null && !hidden && this.#inserted === 0) paragraph.original += data
    if (paragraph.full !== null && !deleted) paragraph.full += data
    if (hidden && deleted) this.#asides.push(data)
    if (hidden || deleted) this.hasHidden = true
  }

  #paragraph(): Paragraph {
    return this.#paragraphs.at(-1) ?? this.#implicit
  }

  #sink(): Sink {
    return this.#sinks.at(-1) ?? this.#root
  }

  #closeParagraph(): void {
    const paragraph = this.#paragraphs.pop()
    if (!paragraph) return
    this.#number(paragraph)
    this.#emit(paragraph)
  }

  /** Puts the number of a list in front of each reading of the paragraph. */
  #number(paragraph: Paragraph): void {
    if (!this.#numbering) return
    const byStyle = this.#styles?.numberingOf(paragraph.style) ?? null
    const own = paragraph.numId === null ? null : { numId: paragraph.numId, level: paragraph.level }
    const reference = own ?? byStyle
    const label = reference ? this.#numbering.next(reference) : ''
    if (label === '' || paragraph.visible === '') return
    paragraph.visible = `${label}\t${paragraph.visible}`
    if (paragraph.original !== null) paragraph.original = `${label}\t${paragraph.original}`
    if (paragraph.full !== null) paragraph.full = `${label}\t${paragraph.full}`
  }

  #emit(paragraph: Paragraph): void {
    const sink = this.#sink()
    if (paragraph.instruction.trim() !== '') this.#asides.push(paragraph.instruction.trim())
    sink.lines.push(paragraph.visible)
    if (paragraph.original !== null && paragraph.original !== paragraph.visible) sink.lines.push(paragraph.original)
    if (paragraph.full !== null && paragraph.full !== paragraph.visible) sink.lines.push(paragraph.full)
    this.#flushAsides()
  }

  #flushAsides(): void {
    if (this.#asides.length === 0) return
    this.#sink().lines.push(...this.#asides.splice(0))
  }

  #flushImplicit(): void {
    const paragraph = this.#implicit
    this.#implicit = newParagraph()
    if (paragraph.visible.trim() !== '' || paragraph.full !== null || paragraph.original !== null) this.#emit(paragraph)
    else if (this.#paragraphs.length === 0) this.#flushAsides()
  }

  #endInstruction(): void {
    const paragraph = this.#paragraph()
    if (paragraph.instruction.trim() !== '') this.#asides.push(paragraph.instruction.trim())
    paragraph.instruction = ''
  }

  #isHiddenStyle(attributes: XmlAttributes): boolean {
    return this.#styles?.hidden.has(attribute(attributes, 'val') ?? '') === true
  }

  #span(count: number): void {
    const parent = this.#sinks.at(-2)
    if (!parent?.row || !(count > 1)) return
    this.#pendingSpan = Math.min(count - 1, limits.extractCellGapMax)
  }

  #closeCell(): void {
    if (this.#sinks.length < 2) return
    this.#flushImplicit()
    const cell = this.#sinks.pop()
    const row = this.#sink().row
    if (!cell || !row) return
    const shown = cell.lines.filter((line) => line !== '').join(' ')
    row.push(shown.includes('\n') ? shown.replaceAll('\n', ' ') : shown)
    for (; this.#pendingSpan > 0; this.#pendingSpan--) row.push('')
  }

  #closeRow(): void {
    const sink = this.#sink()
    if (sink.row === null) return
    const line = sink.row.join('\t')
    sink.row = null
    if (line.trim() !== '') sink.lines.push(line.trimEnd())
  }

  #openAlternate(): void {
    const paragraph = this.#paragraphs.at(-1) ?? null
    const sink = this.#sink()
    const markText = paragraph?.visible.length ?? 0
    this.#alternates.push({ sink, paragraph, mark: sink.lines.length, markText, choice: [] })
  }

  /** Everything the choices said is known now; what the fallback says is compared with it. */
  #endChoice(): void {
    const alternate = this.#alternates.at(-1)
    if (!alternate) return
    const { sink, paragraph } = alternate
    alternate.choice = [...sink.lines.slice(alternate.mark), paragraph?.visible.slice(alternate.markText) ?? '']
    alternate.mark = sink.lines.length
    alternate.markText = paragraph?.visible.length ?? 0
  }

  /** A fallback repeats its choice for older readers; where it says something else, it stays. */
  #endFallback(): void {
    const alternate = this.#alternates.at(-1)
    if (!alternate) return
    const { sink, paragraph } = alternate
    const known = new Set(alternate.choice)
    const kept = sink.lines.slice(alternate.mark).filter((line) => !known.has(line))
    sink.lines.length = Math.min(sink.lines.length, alternate.mark)
    sink.lines.push(...kept)
    if (!paragraph) return
    const said = paragraph.visible.slice(alternate.markText)
    if (said === '' || paragraph.full !== null || paragraph.original !== null) return
    paragraph.visible = paragraph.visible.slice(0, alternate.markText)
    if (!known.has(said)) this.#asides.push(said)
  }
}

function newParagraph(): Paragraph {
  return { visible: '', original: null, full: null, instruction: '', hidden: false, style: '', numId: null, level: 0 }
}
