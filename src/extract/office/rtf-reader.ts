import { limits } from '../../core/limits.ts'
import { CHARSET_PAGES, decodeCodePage } from '../readers/code-page.ts'
import { HexData } from './hex-data.ts'
import type { RtfObject, RtfReading } from './rtf-reading.ts'
import { INITIAL_STATE, type RtfDestination, type RtfState } from './rtf-state.ts'
import { ASIDES, escapeHtml, isDigit, isLetter, PICTURES, SKIPPED, SYMBOLS, TEXTUAL } from './rtf-vocabulary.ts'

/**
 * Rich Text Format 1.9.1, tokenised by hand: text with its layout, and apart from it what a reader does not see or sees
 * elsewhere (hidden and deleted runs, field codes, properties, unknown destinations), embedded objects and pictures as
 * bytes, and the HTML that mail programs wrap in RTF. Linear in the input; never throws; stops at a nesting limit.
 */
export function readRtf(bytes: Buffer): RtfReading {
  return new RtfReader(bytes).read()
}

class RtfReader {
  readonly #bytes: Buffer
  #at = 0
  #state: RtfState = { ...INITIAL_STATE }
  readonly #stack: RtfState[] = []
  readonly #out: string[] = []
  readonly #html: string[] = []
  readonly #asides: string[] = []
  readonly #objects: RtfObject[] = []
  readonly #pictures: { bytes: Buffer; extension: string }[] = []
  readonly #properties: [string, string][] = []
  readonly #fonts = new Map<number, number>()
  #defaultPage = 1252
  #font = 0
  #pending: number[] = []
  #skip = 0
  /** Data of the open object or picture. */
  readonly #data: HexData
  #className = ''
  #name = ''
  #extension = 'bin'
  #fromHtml = false
  #hasHidden = false
  #hiddenRun = ''
  #tooDeep = false

  constructor(bytes: Buffer) {
    this.#bytes = bytes
    this.#data = new HexData(bytes.length)
  }

  read(): RtfReading {
    const { length } = this.#bytes
    while (this.#at < length && !this.#tooDeep) {
      const byte = this.#bytes[this.#at] ?? 0
      switch (byte) {
        case 0x7b:
          this.#flush()
          this.#open()
          break
        case 0x7d:
          this.#flush()
          this.#close()
          break
        case 0x5c:
          this.#control()
          break
        case 0x0d:
        case 0x0a:
        case 0x00:
          this.#at += 1
          break
        default:
          this.#at += 1
          this.#byte(byte)
      }
    }
    this.#flush()
    while (this.#stack.length > 0) this.#close()
    this.#endHidden()
    return {
      text: this.#out.join(''),
      asides: this.#asides,
      objects: this.#objects,
      pictures: this.#pictures,
      properties: this.#properties,
      html: this.#fromHtml ? this.#html.join('') : '',
      hasHidden: this.#hasHidden,
      tooDeep: this.#tooDeep,
    }
  }

  #open(): void {
    this.#at += 1
    this.#skip = 0
    if (this.#stack.length >= limits.extractXmlDepthMax * 2) {
      this.#tooDeep = true
      return
    }
    this.#stack.push(this.#state)
    this.#state = { ...this.#state, own: null, ignorable: false }
  }

  #close(): void {
    this.#at += 1
    this.#skip = 0
    const closing = this.#state
    const parent = this.#stack.pop()
    if (!parent) return
    if (closing.own) this.#endAside(closing)
    if (closing.destination !== parent.destination) this.#endData(closing.destination)
    this.#state = parent
  }

  #endAside(closing: RtfState): void {
    const text = closing.own?.text.trim() ?? ''
    if (closing.destination === 'name') this.#name = text
    else if (closing.destination === 'value') {
      if (this.#name !== '') this.#properties.push([this.#name, text])
    } else if (/[\p{L}\p{N}]/u.test(text)) this.#asides.push(text)
  }

  #endData(destination: RtfDestination): void {
    if (destination !== 'object' && destination !== 'picture') return
    const bytes = this.#data.take()
    if (bytes.length === 0) return
    if (destination === 'object') this.#objects.push({ className: this.#className, bytes })
    else this.#pictures.push({ bytes, extension: this.#extension })
  }

  /** A control word or symbol; the reading position is at the backslash. */
  #control(): void {
    const next = this.#bytes[this.#at + 1] ?? 0
    if (!isLetter(next)) {
      this.#at += 2
      this.#symbol(next)
      return
    }
    let end = this.#at + 1
    while (end < this.#bytes.length && end - this.#at <= 40 && isLetter(this.#bytes[end] ?? 0)) end += 1
    const word = this.#bytes.toString('latin1', this.#at + 1, end)
    const start = end
    if (this.#bytes[end] === 0x2d) end += 1
    while (end < this.#bytes.length && end - start <= 11 && isDigit(this.#bytes[end] ?? 0)) end += 1
    const digits = this.#bytes.toString('latin1', start, end)
    const parameter = digits === '' || digits === '-' ? null : Number.parseInt(digits, 10)
    if (this.#bytes[end] === 0x20) end += 1
    this.#at = end
    this.#word(word, parameter)
  }

  #symbol(code: number): void {
    switch (code) {
      case 0x27: {
        const value = Number.parseInt(this.#bytes.toString('latin1', this.#at, this.#at + 2), 16)
        this.#at += 2
        if (Number.isNaN(value)) return
        if (this.#skip > 0) this.#skip -= 1
        else this.#pending.push(value)
        return
      }
      case 0x2a:
        this.#state.ignorable = true
        return
      case 0x7e:
        this.#text(' ')
        return
      case 0x5f:
        this.#text('-')
        return
      case 0x2d:
      case 0x3a:
      case 0x7c:
        return
      case 0x0a:
      case 0x0d:
        this.#text('\n')
        return
      default:
        this.#text(String.fromCharCode(code))
    }
  }

  #word(word: string, parameter: number | null): void {
    if (word !== 'u') this.#flush()
    if (word === 'bin') {
      const length = Math.max(0, Math.min(parameter ?? 0, this.#bytes.length - this.#at))
      if (this.#isData()) for (const byte of this.#bytes.subarray(this.#at, this.#at + length)) this.#data.push(byte)
      this.#at += length
      return
    }
    const symbol = Object.hasOwn(SYMBOLS, word) ? SYMBOLS[word] : undefined
    if (symbol !== undefined) {
      this.#skip = 0
      this.#text(symbol)
      return
    }
    if (this.#property(word, parameter)) return
    this.#destination(word)
  }

  /** Words that change how text is read; false for any other. */
  #property(word: string, parameter: number | null): boolean {
    switch (word) {
      case 'u':
        this.#unicode(parameter ?? 0)
        return true
      case 'uc':
        this.#state.unicodeSkip = Math.max(0, Math.min(parameter ?? 1, 16))
        return true
      case 'ansicpg':
        this.#defaultPage = parameter ?? 1252
        this.#state.page = this.#defaultPage
        return true
      case 'mac':
        this.#defaultPage = 10000
        this.#state.page = 10000
        return true
      case 'pc':
      case 'pca':
        this.#defaultPage = word === 'pc' ? 437 : 850
        this.#state.page = this.#defaultPage
        return true
      case 'f':
        this.#font = parameter ?? 0
        if (this.#state.destination !== 'fonts') this.#state.page = this.#fonts.get(this.#font) ?? this.#defaultPage
        return true
      case 'fcharset':
        if (this.#state.destination === 'fonts')
          this.#fonts.set(this.#font, CHARSET_PAGES[parameter ?? 0] ?? this.#defaultPage)
        return true
      case 'v':
        this.#setHidden(() => {
          this.#state.hidden = parameter !== 0
        })
        return true
      case 'deleted':
        this.#setHidden(() => {
          this.#state.deleted = parameter !== 0
        })
        return true
      case 'plain':
        this.#setHidden(() => {
          this.#state.hidden = false
          this.#state.deleted = false
        })
        this.#state.page = this.#defaultPage
        return true
      case 'fromhtml':
        this.#fromHtml = true
        return true
      case 'htmlrtf':
        this.#state.htmlRtf = parameter !== 0
        return true
      default:
        return false
    }
  }

  #setHidden(change: () => void): void {
    this.#endHidden()
    change()
  }

  #destination(word: string): void {
    const state = this.#state
    const extension = Object.hasOwn(PICTURES, word) ? PICTURES[word] : undefined
    if (extension !== undefined) {
      this.#extension = extension
      return
    }
    switch (word) {
      case 'fonttbl':
        state.destination = 'fonts'
        return
      case 'pict':
        if (state.destination !== 'skip') state.destination = 'picture'
        return
      case 'objdata':
        state.destination = 'object'
        return
      case 'objclass':
        this.#beginAside('className')
        return
      case 'propname':
        this.#beginAside('name')
        return
      case 'staticval':
        this.#beginAside('value')
        return
      case 'htmltag':
        state.destination = 'html'
        return
      default:
    }
    if (SKIPPED.has(word)) state.destination = 'skip'
    else if (TEXTUAL.has(word)) this.#becomeText(word)
    else if (ASIDES.has(word) || state.ignorable) this.#beginAside('aside')
    state.ignorable = false
  }

  /** Text inside a shape or an object is text again, on a line of its own; notes too. */
  #becomeText(word: string): void {
    const { destination } = this.#state
    if (word === 'rtf' || destination === 'skip' || destination === 'object') return
    if (word === 'pntext' || word === 'listtext' || word === 'result' || word === 'fldrslt') {
      this.#state.destination = 'text'
      return
    }
    this.#beginAside('aside')
  }

  #beginAside(destination: RtfDestination): void {
    if (this.#state.destination === 'skip' || this.#state.destination === 'fonts') return
    const own = { text: '' }
    this.#state = { ...this.#state, own, aside: own, destination, ignorable: false }
  }

  #unicode(value: number): void {
    this.#flush()
    const code = value < 0 ? value + 65536 : value
    if (code > 0 && code <= 0xffff) {
      // Symbol fonts keep their characters in a private area.
      this.#text(String.fromCharCode(code >= 0xf020 && code <= 0xf0ff ? code - 0xf000 : code))
    }
    this.#skip = this.#state.unicodeSkip
  }

  #isData(): boolean {
    return this.#state.destination === 'object' || this.#state.destination === 'picture'
  }

  #byte(byte: number): void {
    if (this.#isData()) {
      this.#data.digit(byte)
      return
    }
    if (this.#skip > 0) {
      this.#skip -= 1
      return
    }
    this.#pending.push(byte)
  }

  /** Bytes of a run are decoded together, since a character may take several. */
  #flush(): void {
    if (this.#pending.length === 0) return
    const raw = Uint8Array.from(this.#pending)
    this.#pending = []
    this.#text(
      raw.every((byte) => byte < 0x80) ? Buffer.from(raw).toString('latin1') : decodeCodePage(raw, this.#state.page),
    )
  }

  #text(text: string): void {
    this.#flush()
    const { destination, aside, hidden, deleted, htmlRtf } = this.#state
    switch (destination) {
      case 'text':
        if (this.#fromHtml && !htmlRtf) this.#html.push(escapeHtml(text))
        if (hidden || deleted) {
          this.#hasHidden = true
          this.#hiddenRun += text
        } else this.#out.push(text)
        return
      case 'html':
        this.#html.push(text)
        return
      case 'aside':
      case 'name':
      case 'value':
      case 'className':
        if (aside) aside.text += text
        if (destination === 'className') this.#className = aside?.text.trim() ?? ''
        return
      default:
    }
  }

  #endHidden(): void {
    this.#flush()
    if (this.#hiddenRun.trim() !== '') this.#asides.push(this.#hiddenRun.trim())
    this.#hiddenRun = ''
  }
}
