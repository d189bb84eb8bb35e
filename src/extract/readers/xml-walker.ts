import { Parser } from 'htmlparser2'
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

const PIECE_CHARS = 64 * 1024

export function walkXml(bytes: Uint8Array, handler: XmlHandler, context: ExtractContext): void {
  const text = decodeXml(bytes)
  let depth = 0
  let nodes = 0
  const count = () => {
    if (++nodes > limits.extractXmlNodesMax) throw new ExtractLimitError('too-many', 'xml nodes')
  }
  const parser = new Parser(
    {
      onopentag(name, attributes) {
        count()
        if (++depth > limits.extractXmlDepthMax) throw new ExtractLimitError('too-deep', 'xml')
        const colon = name.indexOf(':')
        handler.open?.(colon < 0 ? name : name.slice(colon + 1), attributes, colon < 0 ? '' : name.slice(0, colon))
      },
      ontext(data) {
        count()
        handler.text?.(data)
      },
      onclosetag(name) {
        depth -= 1
        const colon = name.indexOf(':')
        handler.close?.(colon < 0 ? name : name.slice(colon + 1))
      },
      oncomment(data) {
        count()
        handler.aside?.(data)
      },
      onprocessinginstruction(name, data) {
        count()
        if (name !== '?xml') handler.aside?.(data)
      },
    },
    { xmlMode: true, decodeEntities: true },
  )
  for (let at = 0; at < text.length; at += PIECE_CHARS) {
    if (!context.budget.hasTime()) throw new ExtractLimitError('timeout', 'xml')
    parser.write(text.slice(at, at + PIECE_CHARS))
  }
  parser.end()
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
