import { limits } from '../../core/limits.ts'
import { ExtractLimitError } from '../format.ts'

/**
 * Entities that an XML document declares in its own document type (XML 1.0, 4.2): whoever opens it sees their values.
 * Nothing from elsewhere is fetched. All that one document's references come to is bounded, however they are nested: past
 * it, or where an entity holds itself, it throws ExtractLimitError.
 */
const DECLARATION = /<!ENTITY\s+(%\s+)?([^\s%"'<>]+)\s+(?:"([^"]*)"|'([^']*)')/g
const REFERENCE = /&([^\s&;#<>"']{1,256});/g
const CHARACTER = /&#(?:x([0-9a-fA-F]{1,6})|(\d{1,7}));/g
/** The five that every document has. */
const BUILT_IN = new Set(['amp', 'lt', 'gt', 'quot', 'apos'])

export class XmlEntities {
  readonly #values = new Map<string, string>()
  #left: number = limits.extractXmlEntityMaxChars

  /** Of the text of a document type; of two declarations of one name the first counts. */
  constructor(documentType: string) {
    this.#declare(documentType, 0)
  }

  get size(): number {
    return this.#values.size
  }

  /** The text with references to declared entities replaced; those to characters and the five of XML stay. */
  expand(text: string): string {
    return text.includes('&') ? this.#expand(text, 0) : text
  }

  #expand(text: string, depth: number): string {
    return text.replace(REFERENCE, (whole, name: string) => {
      const value = this.#values.get(name)
      if (value === undefined) return whole
      if (depth >= limits.extractXmlEntityDepthMax) throw new ExtractLimitError('too-deep', 'xml entities')
      const expanded = this.#expand(value, depth + 1)
      // One for the reference itself: empty ones take time as well.
      this.#left -= 1 + expanded.length
      if (this.#left < 0) throw new ExtractLimitError('too-large', 'xml entities')
      return expanded
    })
  }

  /** Parameter entities hold declarations of others. */
  #declare(source: string, depth: number): void {
    for (const [, isParameter, name = '', double, single] of source.matchAll(DECLARATION)) {
      const value = (double ?? single ?? '').replace(CHARACTER, characterOf)
      if (isParameter) {
        if (depth < limits.extractXmlEntityDepthMax && value.includes('<!ENTITY')) this.#declare(value, depth + 1)
      } else if (!BUILT_IN.has(name) && !this.#values.has(name)) {
        if (this.#values.size >= limits.extractXmlEntitiesMax) throw new ExtractLimitError('too-many', 'xml entities')
        this.#values.set(name, value)
      }
    }
  }
}

function characterOf(whole: string, hex: string | undefined, decimal: string | undefined): string {
  const code = hex ? Number.parseInt(hex, 16) : Number(decimal)
  // An ampersand or bracket made this way is markup when the value is used, unless it is written twice.
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole
}

/** Where an internal subset that begins at `from` ends: its `]`, which may not stand in a value or a comment. */
export function endOfSubset(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const char = text[at]
    if (char === ']') return at
    const mark = char === '"' || char === "'" ? char : text.startsWith('<!--', at) ? '-->' : null
    if (mark === null) continue
    const end = text.indexOf(mark, at + (mark.length === 1 ? 1 : 4))
    if (end < 0) return text.length
    at = end + mark.length - 1
  }
  return text.length
}
