import { limits } from '../../core/limits.ts'
import { decodeText } from '../charset.ts'
import { type ExtractContext, ExtractLimitError } from '../format.ts'

/**
 * XML of documents as events. No DTD is read and no entity beyond the five of XML is replaced, so there is nothing to
 * fetch or to blow up; broken markup is read as far as it goes. Depth, nodes and time are bounded: past them it throws
 * ExtractLimitError, which the walker of parts turns into `uninspected`.
 */
export interface XmlHandler {
  /** `name` is the local name: prefixes differ between writers, and a hostile one may choose any. */
  open?(name: string, attributes: XmlAttributes, prefix: string): void
  text?(text: string): void
  close?(name: string): void
  /** Comments, processing instructions and declarations: hidden from every reader but a curious one. */
  aside?(text: string): void
}

export type XmlAttributes = Readonly<Record<string, string>>

/** Characters between two looks at the clock. */
const PIECE_CHARS = 256 * 1024

export function walkXml(bytes: Uint8Array, handler: XmlHandler, context: Pick<ExtractContext, 'budget'>): void {
  new XmlWalk(decodeXml(bytes), handler, context).run()
}

const NONE: XmlAttributes = Object.freeze({})

class XmlWalk {
  readonly #text: string
  readonly #handler: XmlHandler
  readonly #context: Pick<ExtractContext, 'budget'>
  #at = 0
  #depth = 0
  #nodes = 0

  constructor(text: string, handler: XmlHandler, context: Pick<ExtractContext, 'budget'>) {
    this.#text = text
    this.#handler = handler
    this.#context = context
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
      const start = text.indexOf('<', this.#at)
      const end = start < 0 ? text.length : start
      if (end > this.#at) this.#handler.text?.(decodeEntities(text.slice(this.#at, end)))
      this.#at = end
      if (start >= 0) this.#markup()
    }
  }

  /** The reading position is at a `<`. What is no markup after all is text. */
  #markup(): void {
    const next = this.#text.charCodeAt(this.#at + 1)
    switch (next) {
      case 0x2f: {
        const end = this.#until('>', 2)
        this.#close(localName(this.#text.slice(this.#at + 2, end).trimEnd()))
        this.#at = end + 1
        return
      }
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
      const end = subset < 0 ? plain : endOfSubset(text, this.#at + subset)
      this.#handler.aside?.(text.slice(this.#at + 1, end))
      this.#at = end + 1
    }
  }

  #tag(): void {
    const text = this.#text
    let at = this.#at + 2
    while (isName(text.charCodeAt(at))) at += 1
    const name = text.slice(this.#at + 1, at)
    let attributes: Record<string, string> | null = null
    for (;;) {
      while (isSpace(text.charCodeAt(at))) at += 1
      const code = text.charCodeAt(at)
      if (Number.isNaN(code) || code === 0x3e || code === 0x2f || code === 0x3c) break
      const start = at
      while (isAttributeName(text.charCodeAt(at))) at += 1
      const key = text.slice(start, at)
      while (isSpace(text.charCodeAt(at))) at += 1
      let value = ''
      if (text.charCodeAt(at) === 0x3d) {
        at += 1
        while (isSpace(text.charCodeAt(at))) at += 1
        const quote = text.charCodeAt(at)
        const from = quote === 0x22 || quote === 0x27 ? at + 1 : at
        at =
          quote === 0x22 || quote === 0x27
            ? indexOrEnd(text, quote === 0x22 ? '"' : "'", from)
            : endOfBareValue(text, at)
        value = decodeEntities(text.slice(from, at))
        if (from > start && at < text.length && (quote === 0x22 || quote === 0x27)) at += 1
      } else if (at === start) at += 1
      if (key !== '') (attributes ??= {})[key] ??= value
    }
    const isEmpty = text.charCodeAt(at) === 0x2f
    this.#at = isEmpty ? indexOrEnd(text, '>', at) + 1 : text.charCodeAt(at) === 0x3c ? at : at + 1
    if (++this.#depth > limits.extractXmlDepthMax) throw new ExtractLimitError('too-deep', 'xml')
    const colon = name.indexOf(':')
    const local = colon < 0 ? name : name.slice(colon + 1)
    this.#handler.open?.(local, attributes ?? NONE, colon < 0 ? '' : name.slice(0, colon))
    if (isEmpty) this.#close(local)
  }

  #close(name: string): void {
    this.#depth = Math.max(0, this.#depth - 1)
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

/** The `>` behind the `]` of an internal subset. */
function endOfSubset(text: string, from: number): number {
  return indexOrEnd(text, '>', indexOrEnd(text, ']', from))
}

function endOfBareValue(text: string, from: number): number {
  let at = from
  for (let code = text.charCodeAt(at); at < text.length && code !== 0x3e && !isSpace(code); code = text.charCodeAt(at))
    at += 1
  return at
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1)
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
  return code > 0x20 && code !== 0x3e && code !== 0x2f && code !== 0x3c
}

function isAttributeName(code: number): boolean {
  return isName(code) && code !== 0x3d
}

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/** The five entities of XML and character references; any other stays as it is written. */
function decodeEntities(text: string): string {
  if (!text.includes('&')) return text
  return text.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(amp|lt|gt|quot|apos));/gi, (whole, hex, decimal, name) => {
    if (name) return NAMED[String(name).toLowerCase()] ?? whole
    const code = hex ? Number.parseInt(String(hex), 16) : Number(decimal)
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole
  })
}

/** The value of an attribute by its local name. */
export function attribute(attributes: XmlAttributes, local: string): string | undefined {
  const exact = attributes[local]
  if (exact !== undefined) return exact
  for (const name in attributes) {
    if (name.length > local.length && name.endsWith(local) && name[name.length - local.length - 1] === ':') {
      return attributes[name]
    }
  }
  return undefined
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
        for (const name in attributes) {
          const value = attributes[name] ?? ''
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
function isWords(value: string): boolean {
  return value.length >= 6 && /[\p{L}\d]/u.test(value) && !/^(?:#?[0-9a-f]{6,8}|https?:\/\/schemas\.\S+)$/i.test(value)
}
