import { Tokenizer, type TokenizerCallbacks } from 'htmlparser2'

/**
 * Character references of HTML, in text and in attribute values, which differ in what they take for one. The tokenizer
 * hurries over text as long as it need not look for references; so pages are walked without, and what may be a reference
 * is read by itself here.
 */
class ReferenceReader implements TokenizerCallbacks {
  readonly #tokenizer = new Tokenizer({ decodeEntities: true, recognizeSelfClosing: false }, this)
  #source = ''
  #out = ''

  /** `source` is a reference with whatever it stands in. */
  read(source: string): string {
    this.#source = source
    this.#out = ''
    this.#tokenizer.reset()
    this.#tokenizer.write(source)
    this.#tokenizer.end()
    return this.#out
  }

  ontext(start: number, end: number): void {
    this.#out += this.#source.slice(start, end)
  }

  ontextentity(codepoint: number): void {
    this.#out += String.fromCodePoint(codepoint)
  }

  onattribdata(start: number, end: number): void {
    this.#out += this.#source.slice(start, end)
  }

  onattribentity(codepoint: number): void {
    this.#out += String.fromCodePoint(codepoint)
  }

  onattribend(): void {}
  onattribname(): void {}
  oncdata(): void {}
  onclosetag(): void {}
  oncomment(): void {}
  ondeclaration(): void {}
  onend(): void {}
  onopentagend(): void {}
  onopentagname(): void {}
  onprocessinginstruction(): void {}
  onselfclosingtag(): void {}
}

const reader = new ReferenceReader()

/** Everything that may belong to a reference; in attributes an equals sign behind it decides whether it is one. */
const REFERENCE = /&[#\w]+[;=]?/g

const KNOWN_MAX = 256

/** The references of one page, which repeats a few of them: each is read once. */
export class HtmlReferences {
  readonly #known = new Map<string, string>()

  /** The pieces of a text: what stands between its references, and what each of those means. */
  pieces(text: string, emit: (piece: string) => void): void {
    let from = 0
    if (text.includes('&')) {
      for (const match of text.matchAll(REFERENCE)) {
        if (match.index > from) emit(text.slice(from, match.index))
        emit(this.#read(match[0]))
        from = match.index + match[0].length
      }
    }
    if (from < text.length) emit(from === 0 ? text : text.slice(from))
  }

  /** An attribute value with its references replaced. */
  attribute(value: string): string {
    if (!value.includes('&')) return value
    return value.replace(REFERENCE, (reference) => this.#read(`<a b="${reference}">`))
  }

  #read(source: string): string {
    const known = this.#known.get(source)
    if (known !== undefined) return known
    const decoded = reader.read(source)
    if (this.#known.size < KNOWN_MAX) this.#known.set(source, decoded)
    return decoded
  }
}
