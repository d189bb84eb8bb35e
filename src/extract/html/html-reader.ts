import { Tokenizer, type TokenizerCallbacks } from 'htmlparser2'
import { HiddenRules, InlineStyles } from './hidden-rules.ts'
import { HtmlLines } from './html-lines.ts'
import { HtmlReferences } from './html-references.ts'

/**
 * HTML as a reader sees it, and everything a reader does not see: attributes, comments, hidden elements, scripts, styles.
 * One pass over tokens, no tree, so half a million table cells and ten thousand levels cost what their bytes cost. Broken
 * markup loses nothing: what the tokenizer leaves over at the end is taken as it stands.
 */
export interface HtmlText {
  /** Blocks by LF, cells by TAB, inline elements joined. */
  readonly visible: string
  readonly hidden: string
  readonly dataUris: readonly string[]
  readonly hasHiddenText: boolean
}

const blocks = new Set(
  'address article aside blockquote body br caption center dd details dialog dir div dl dt fieldset figcaption figure footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html iframe legend li main menu nav noscript ol optgroup option p param pre section select summary table tbody template textarea tfoot thead title tr ul text'.split(
    ' ',
  ),
)
const cells = new Set(['td', 'th'])
/** Notes over or beside the characters of a line: text of their own. */
const annotations = new Set(['rt', 'rp'])
const voids = new Set('area base br col embed hr img input link meta param source track wbr'.split(' '))
const rawText = new Set(['script', 'style', 'xmp', 'noembed', 'noframes', 'iframe', 'plaintext'])
/** Shorter values are colours, sizes and key words of the language. */
const ATTRIBUTE_MIN_CHARS = 6
/** No attribute has a longer name. */
const ATTRIBUTE_NAME_MAX_CHARS = 24
const ATTRIBUTES_SEEN_MAX = 50_000
const COMMENT_DEPTH_MAX = 4
const DATA_URIS_MAX = 256

export function readHtml(source: string, depth = 0): HtmlText {
  const reader = new HtmlReader(source, depth)
  return reader.read()
}

class HtmlReader implements TokenizerCallbacks {
  readonly #source: string
  readonly #depth: number
  readonly #lines = new HtmlLines()
  readonly #rules = new HiddenRules()
  readonly #references = new HtmlReferences()
  readonly #styles = new InlineStyles()
  readonly #aside: string[] = []
  readonly #attributesSeen = new Set<string>()
  readonly #dataUris: string[] = []
  #last = 0
  #name = ''
  #raw = ''
  #attributeName = ''
  #attributeValue = ''
  #hide = false
  #reverse = false
  /** Name of the outermost hidden element, and how many of that name are open in it. */
  #hiddenIn: { name: string; open: number } | null = null
  #reversedIn: { name: string; open: number; text: string } | null = null
  #preformatted = 0
  #annotation: string | null = null
  /** Where the tag begins that is being read, or -1. */
  #tagStart = -1
  readonly #take = (piece: string): void => this.#text(piece)

  constructor(source: string, depth: number) {
    this.#source = source
    this.#depth = depth
  }

  read(): HtmlText {
    const tokenizer = new Tokenizer({ decodeEntities: false, recognizeSelfClosing: false }, this)
    tokenizer.write(this.#source)
    tokenizer.end()
    // A value whose quote never closes is handed over without its end.
    if (this.#attributeValue !== '') this.#keepAttribute(this.#references.attribute(this.#attributeValue), 1)
    if (this.#tagStart >= 0) this.#aside.push(this.#source.slice(this.#tagStart))
    else if (this.#last < this.#source.length) this.#aside.push(this.#source.slice(this.#last))
    this.#endAnnotation()
    const { visible, hidden } = this.#lines.finish()
    return {
      visible,
      hidden: [...hidden, ...this.#aside].join('\n'),
      dataUris: this.#dataUris,
      hasHiddenText: hidden.length > 0,
    }
  }

  ontext(start: number, end: number): void {
    this.#last = end
    const text = this.#source.slice(start, end)
    if (this.#raw === '') this.#references.pieces(text, this.#take)
    else this.#text(text)
  }

  ontextentity(): void {}

  #text(piece: string): void {
    if (this.#raw !== '') {
      this.#aside.push(piece)
      if (this.#raw === 'style') this.#rules.addSheet(piece)
      this.#findDataUris(piece)
      return
    }
    if (this.#reversedIn) this.#reversedIn.text += piece
    if (this.#annotation !== null) this.#annotation += piece
    else this.#lines.add(piece, this.#hiddenIn !== null, this.#preformatted > 0)
  }

  onopentagname(start: number, end: number): void {
    this.#last = end
    this.#tagStart = start
    this.#name = this.#source.slice(start, end).toLowerCase()
    this.#hide = this.#rules.hides('', this.#name)
    this.#reverse = false
  }

  onattribname(start: number, end: number): void {
    this.#last = end
    this.#attributeName = this.#source.slice(start, end).toLowerCase()
    this.#attributeValue = ''
  }

  onattribdata(start: number, end: number): void {
    this.#last = end
    this.#attributeValue += this.#source.slice(start, end)
  }

  onattribentity(): void {}

  onattribend(_quote: number, end: number): void {
    this.#last = Math.max(this.#last, end)
    const name = this.#attributeName
    const value = this.#references.attribute(this.#attributeValue)
    this.#attributeValue = ''
    if (name.length > ATTRIBUTE_NAME_MAX_CHARS || /\d{4}/.test(name)) this.#keepAttribute(name)
    if (name === 'hidden' || (name === 'style' && this.#styles.isHidden(value))) this.#hide = true
    else if (name === 'class') this.#hide ||= value.split(/\s+/).some((word) => this.#rules.hides('.', word))
    else if (name === 'id') this.#hide ||= this.#rules.hides('#', value)
    if (
      (name === 'dir' && /^rtl$/i.test(value) && this.#name === 'bdo') ||
      (name === 'style' && /bidi-override/i.test(value))
    )
      this.#reverse = true
    if (name === 'srcdoc' && this.#depth < COMMENT_DEPTH_MAX) this.#nested(value)
    else if (name === 'alt' || name === 'value' || name === 'title') this.#keepAttribute(value, 1)
    else this.#keepAttribute(value)
    if (name === 'style') this.#findDataUris(value)
  }

  #keepAttribute(value: string, minChars = ATTRIBUTE_MIN_CHARS): void {
    const trimmed = value.trim()
    if (trimmed.length < minChars) return
    if (isData(trimmed)) {
      this.#addDataUri(trimmed)
      return
    }
    if (this.#attributesSeen.has(trimmed)) return
    if (this.#attributesSeen.size < ATTRIBUTES_SEEN_MAX) this.#attributesSeen.add(trimmed)
    this.#aside.push(trimmed)
  }

  onopentagend(end: number): void {
    this.#open(end)
  }

  onselfclosingtag(end: number): void {
    this.#open(end)
  }

  #open(end: number): void {
    this.#last = end + 1
    this.#tagStart = -1
    const name = this.#name
    if (blocks.has(name) || annotations.has(name)) this.#endAnnotation()
    if (annotations.has(name)) this.#annotation = ''
    if (blocks.has(name)) this.#lines.breakLine()
    else if (cells.has(name)) this.#lines.cell()
    if (rawText.has(name)) this.#raw = name
    if (name === 'pre' || name === 'textarea') this.#preformatted += 1
    if (voids.has(name)) return
    if (this.#hiddenIn) {
      if (this.#hiddenIn.name === name) this.#hiddenIn.open += 1
    } else if (this.#hide) this.#hiddenIn = { name, open: 1 }
    if (this.#reversedIn) {
      if (this.#reversedIn.name === name) this.#reversedIn.open += 1
    } else if (this.#reverse) this.#reversedIn = { name, open: 1, text: '' }
  }

  onclosetag(start: number, end: number): void {
    const close = this.#source.charCodeAt(end) === 0x3e ? end : this.#source.indexOf('>', end)
    this.#last = close < 0 ? this.#source.length : close + 1
    const name = this.#source.slice(start, end).toLowerCase()
    // Attributes have no business on a closing tag, and no reader shows them.
    if (close > end && this.#source.slice(end, close).trim() !== '') this.#aside.push(this.#source.slice(end, close))
    if (this.#raw === name) this.#raw = ''
    if (name === 'ruby' || annotations.has(name)) this.#endAnnotation()
    if ((name === 'pre' || name === 'textarea') && this.#preformatted > 0) this.#preformatted -= 1
    if (this.#hiddenIn?.name === name && --this.#hiddenIn.open === 0) this.#hiddenIn = null
    if (this.#reversedIn?.name === name && --this.#reversedIn.open === 0) this.#endReversed()
    if (blocks.has(name)) this.#lines.breakLine()
  }

  #endAnnotation(): void {
    const text = this.#annotation ?? ''
    this.#annotation = null
    if (text.trim() !== '') this.#aside.push(text)
  }

  /** Text set against its direction is shown backwards. */
  #endReversed(): void {
    const text = this.#reversedIn?.text ?? ''
    this.#reversedIn = null
    if (text.trim() !== '') this.#aside.push([...text].reverse().join(''))
  }

  oncomment(start: number, end: number, offset: number): void {
    this.#last = end + 1
    const text = this.#source.slice(start, end - offset)
    if (this.#depth < COMMENT_DEPTH_MAX && /<[a-z!]/i.test(text)) this.#nested(text)
    else if (text.trim() !== '') this.#aside.push(text)
  }

  #nested(source: string): void {
    const inner = readHtml(source, this.#depth + 1)
    if (inner.visible !== '') this.#aside.push(inner.visible)
    if (inner.hidden !== '') this.#aside.push(inner.hidden)
    for (const uri of inner.dataUris) this.#addDataUri(uri)
  }

  oncdata(start: number, end: number, offset: number): void {
    this.#last = end + 1
    this.#text(this.#source.slice(start, end - offset))
  }

  ondeclaration(start: number, end: number): void {
    this.#last = end + 1
    const text = this.#source.slice(start, end)
    if (!/^doctype html$/i.test(text)) this.#aside.push(text)
  }

  onprocessinginstruction(start: number, end: number): void {
    this.#last = end + 1
    this.#aside.push(this.#source.slice(start, end))
  }

  onend(): void {}

  #findDataUris(text: string): void {
    if (!text.includes('data:')) return
    for (const [uri] of text.matchAll(/data:[\w.+/-]{0,80}(?:;[\w.=+-]{1,80}){0,4},[^"'`)\s]+/gi)) this.#addDataUri(uri)
  }

  #addDataUri(uri: string): void {
    if (this.#dataUris.length < DATA_URIS_MAX) this.#dataUris.push(uri)
    else this.#aside.push(uri)
  }
}

const DATA = 'data:'

function isData(value: string): boolean {
  return (value.charCodeAt(0) | 0x20) === 0x64 && value.slice(0, DATA.length).toLowerCase() === DATA
}
