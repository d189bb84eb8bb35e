import { limits } from '../../core/limits.ts'
import { decodeText } from '../charset.ts'
import { type ExtractContext, ExtractLimitError } from '../format.ts'
import { decodeEntities, TagAttributes, type XmlAttributes } from './xml-attributes.ts'
import { endOfSubset, XmlEntities } from './xml-entities.ts'
import { xmlName, xmlNameAt } from './xml-names.ts'

/**
 * XML of documents as events. Entities that the document declares itself are replaced, none from elsewhere, so there is
 * nothing to fetch; broken markup is read as far as it goes. Depth, nodes, time and what entities come to are bounded:
 * past them it throws ExtractLimitError, which the walker of parts turns into `uninspected`.
 */
export interface XmlHandler {
  /** `name` is the local name: prefixes differ between writers, and a hostile one may choose any. */
  open?(name: string, attributes: XmlAttributes, prefix: string): void
  text?(text: string): void
  close?(name: string): void
  /** Comments, processing instructions and declarations: hidden from every reader but a curious one. */
  aside?(text: string): void
}

/** Characters between two looks at the clock. */
const PIECE_CHARS = 256 * 1024

export function walkXml(bytes: Uint8Array, handler: XmlHandler, context: Pick<ExtractContext, 'budget'>): void {
  new XmlWalk(decodeXml(bytes), handler, context).run()
}

/** Most texts and values are shorter than this, and looking at each character is quicker than a search that far. */
const NEAR_CHARS = 24
const LT = 0x3c
const GT = 0x3e
const SLASH = 0x2f
const EQUALS = 0x3d
const DOUBLE_QUOTE = 0x22
const SINGLE_QUOTE = 0x27

class XmlWalk {
  readonly #text: string
  readonly #handler: XmlHandler
  readonly #context: Pick<ExtractContext, 'budget'>
  readonly #attributes: TagAttributes
  #entities: XmlEntities | null = null
  #at = 0
  #depth = 0
  #nodes = 0

  constructor(text: string, handler: XmlHandler, context: Pick<ExtractContext, 'budget'>) {
    this.#text = text
    this.#handler = handler
    this.#context = context
    this.#attributes = new TagAttributes(text)
  }

  run(): void {
    const text = this.#text
    let clock = 0
    while (this.#at < text.length) {
      if (this.#at >= clock) {
        if (!this.#context.budget.hasTime()) throw new ExtractLimitError('timeout', 'xml')
        clock = this.#at + PIECE_CHARS
      }
      if (++this.#nodes > limits.extractXmlNodesMax) throw new ExtractLimitError('too-many', 'xml nodes')
      const end = nextOrEnd(text, LT, '<', this.#at)
      if (end > this.#at) this.#characters(text.slice(this.#at, end))
      this.#at = end
      if (end < text.length) this.#markup()
    }
  }

  /** What an entity stands for may be markup as well. */
  #characters(raw: string): void {
    const expanded = this.#entities?.expand(raw) ?? raw
    if (expanded !== raw && expanded.includes('<')) new XmlWalk(expanded, this.#handler, this.#context).run()
    else this.#handler.text?.(decodeEntities(expanded))
  }

  /** The reading position is at a `<`. What is no markup after all is text. */
  #markup(): void {
    const next = this.#text.charCodeAt(this.#at + 1)
    switch (next) {
      case SLASH:
        this.#endTag()
        return
      case 0x21:
        this.#declaration()
        return
      case 0x3f: {
        const end = this.#until('?>', 2)
        const data = this.#text.slice(this.#at + 2, end)
        if (!/^xml\s/i.test(data)) this.#handler.aside?.(data)
        this.#at = end + 2
        return
      }
      default:
        if (isNameStart(next)) this.#tag()
        else {
          this.#handler.text?.('<')
          this.#at += 1
        }
    }
  }

  #endTag(): void {
    const text = this.#text
    const start = this.#at + 2
    let at = start
    let hash = 0
    for (let code = text.charCodeAt(at); isName(code); code = text.charCodeAt(++at)) hash = (hash * 31 + code) | 0
    if (text.charCodeAt(at) === GT) {
      this.#at = at + 1
      this.#close(xmlNameAt(text, start, at, hash).local)
      return
    }
    const end = indexOrEnd(text, '>', start)
    this.#at = end + 1
    this.#close(xmlName(text.slice(start, end).trimEnd()).local)
  }

  #declaration(): void {
    const text = this.#text
    if (text.startsWith('<!--', this.#at)) {
      const end = this.#until('-->', 4)
      this.#handler.aside?.(text.slice(this.#at + 4, end))
      this.#at = end + 3
    } else if (text.startsWith('<![CDATA[', this.#at)) {
      const end = this.#until(']]>', 9)
      this.#handler.text?.(text.slice(this.#at + 9, end))
      this.#at = end + 3
    } else {
      // A document type ends behind its internal subset, which may hold any number of declarations.
      const plain = this.#until('>', 2)
      const subset = text.slice(this.#at, plain).indexOf('[')
      const end = subset < 0 ? plain : indexOrEnd(text, '>', endOfSubset(text, this.#at + subset + 1))
      this.#declareEntities(text.slice(this.#at, end))
      this.#handler.aside?.(text.slice(this.#at + 1, end))
      this.#at = end + 1
    }
  }

  #declareEntities(documentType: string): void {
    if (this.#entities !== null || !documentType.includes('<!ENTITY')) return
    this.#entities = new XmlEntities(documentType)
    this.#attributes.entities = this.#entities
  }

  #tag(): void {
    const text = this.#text
    const start = this.#at + 1
    let at = start
    let hash = 0
    for (let code = text.charCodeAt(at); at === start || isName(code); code = text.charCodeAt(++at))
      hash = (hash * 31 + code) | 0
    const name = xmlNameAt(text, start, at, hash)
    at = this.#readAttributes(at)
    const isEmpty = text.charCodeAt(at) === SLASH
    this.#at = isEmpty ? indexOrEnd(text, '>', at) + 1 : text.charCodeAt(at) === LT ? at : at + 1
    if (++this.#depth > limits.extractXmlDepthMax) throw new ExtractLimitError('too-deep', 'xml')
    this.#handler.open?.(name.local, this.#attributes, name.prefix)
    if (isEmpty) this.#close(name.local)
  }

  /** Writes down where the attributes of a tag stand, and returns where they end. */
  #readAttributes(from: number): number {
    const text = this.#text
    const attributes = this.#attributes
    attributes.clear()
    let at = from
    for (;;) {
      while (isSpace(text.charCodeAt(at))) at += 1
      const code = text.charCodeAt(at)
      if (Number.isNaN(code) || code === GT || code === SLASH || code === LT) return at
      const start = at
      while (isAttributeName(text.charCodeAt(at))) at += 1
      const nameEnd = at
      while (isSpace(text.charCodeAt(at))) at += 1
      let valueFrom = at
      let valueTo = at
      if (text.charCodeAt(at) === EQUALS) {
        at += 1
        while (isSpace(text.charCodeAt(at))) at += 1
        const quote = text.charCodeAt(at)
        if (quote === DOUBLE_QUOTE || quote === SINGLE_QUOTE) {
          valueFrom = at + 1
          valueTo = nextOrEnd(text, quote, quote === DOUBLE_QUOTE ? '"' : "'", valueFrom)
          at = valueTo < text.length ? valueTo + 1 : valueTo
        } else {
          valueFrom = at
          valueTo = endOfBareValue(text, at)
          at = valueTo
        }
      } else if (at === start) at += 1
      if (nameEnd > start) attributes.add(start, nameEnd, valueFrom, valueTo)
    }
  }

  #close(name: string): void {
    if (this.#depth > 0) this.#depth -= 1
    this.#handler.close?.(name)
  }

  /** Where `mark` stands next; the end where it doesn't. */
  #until(mark: string, skip: number): number {
    return indexOrEnd(this.#text, mark, this.#at + skip)
  }
}

function indexOrEnd(text: string, mark: string, from: number): number {
  const at = text.indexOf(mark, from)
  return at < 0 ? text.length : at
}

/** The same for one character that is likely to be near. */
function nextOrEnd(text: string, code: number, mark: string, from: number): number {
  const near = Math.min(text.length, from + NEAR_CHARS)
  for (let at = from; at < near; at++) if (text.charCodeAt(at) === code) return at
  return near === text.length ? near : indexOrEnd(text, mark, near)
}

function endOfBareValue(text: string, from: number): number {
  let at = from
  for (let code = text.charCodeAt(at); at < text.length && code !== GT && !isSpace(code); code = text.charCodeAt(at))
    at += 1
  return at
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}

function isNameStart(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || code === 0x5f || code === 0x3a || code >= 0x80
  )
}

/** Anything but what ends a name; false for the end of the text, which is no number. */
function isName(code: number): boolean {
  return code > 0x20 && code !== GT && code !== SLASH && code !== LT
}

function isAttributeName(code: number): boolean {
  return isName(code) && code !== EQUALS
}

const BOM = 0xfeff

/** XML 1.0 appendix F: byte order mark, then the pattern of `<?xml`, then its `encoding`; UTF-8 otherwise. */
function decodeXml(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const declared = /^(?:\xef\xbb\xbf)?\s*<\?xml[^>]*?\sencoding\s*=\s*["']([\w.:-]+)["']/.exec(
    buffer.toString('latin1', 0, 200),
  )?.[1]
  const wide = buffer[0] === 0xff || buffer[0] === 0xfe || buffer[0] === 0 || buffer[1] === 0
  if (!wide && (declared === undefined || /^utf-?8$/i.test(declared))) {
    const text = buffer.toString('utf8')
    return text.charCodeAt(0) === BOM ? text.slice(1) : text
  }
  return decodeText(buffer, wide ? null : (declared ?? null)).text
}

/** Every text node, and every attribute value that holds words, one a line: for XML that nobody knows better. */
export function xmlToText(bytes: Uint8Array, context: ExtractContext): string {
  const lines: string[] = []
  let line = ''
  const flush = () => {
    if (line.trim() !== '') lines.push(line.trim())
    line = ''
  }
  walkXml(
    bytes,
    {
      open(_name, attributes) {
        flush()
        for (const [name, value] of attributes.entries()) {
          if (!name.startsWith('xmlns') && isWords(value)) lines.push(value)
        }
      },
      text(data) {
        line += data
      },
      close: flush,
      aside: (data) => {
        if (isWords(data)) lines.push(data.trim())
      },
    },
    context,
  )
  flush()
  return lines.join('\n')
}

/** Not a flag, a colour, a short number or a name of the schema. */
export function isWords(value: string): boolean {
  return value.length >= 6 && /[\p{L}\d]/u.test(value) && !/^(?:#?[0-9a-f]{6,8}|https?:\/\/schemas\.\S+)$/i.test(value)
}
