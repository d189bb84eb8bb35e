import type { XmlEntities } from './xml-entities.ts'

/**
 * The attributes of one start tag, read out of the text of the document when they are asked for: most tags of an Office
 * document have some, and hardly any is looked at. Valid only while the tag is being handled. Of two of one name the
 * first counts.
 */
export interface XmlAttributes {
  /** The value of the attribute with exactly this name, prefix included. */
  get(name: string): string | undefined
  /** The same by the name without its prefix; one that has none comes first. */
  local(name: string): string | undefined
  /** Names as written, and values, each name once. */
  entries(): [string, string][]
}

export const NO_ATTRIBUTES: XmlAttributes = Object.freeze({
  get: () => undefined,
  local: () => undefined,
  entries: () => [],
})

/** The value of an attribute by its local name: prefixes differ between writers. */
export function attribute(attributes: XmlAttributes, local: string): string | undefined {
  return attributes.local(local)
}

const COLON = 0x3a
/** Four positions for each attribute: where its name and its value begin and end. */
const FIELDS = 4

/** Where the walker writes down what it came by; one object serves a whole document. */
export class TagAttributes implements XmlAttributes {
  readonly #text: string
  readonly #spans: number[] = []
  #length = 0
  /** Those that the document declares. */
  entities: XmlEntities | null = null

  constructor(text: string) {
    this.#text = text
  }

  clear(): void {
    this.#length = 0
  }

  add(nameFrom: number, nameTo: number, valueFrom: number, valueTo: number): void {
    const at = this.#length
    this.#spans[at] = nameFrom
    this.#spans[at + 1] = nameTo
    this.#spans[at + 2] = valueFrom
    this.#spans[at + 3] = valueTo
    this.#length = at + FIELDS
  }

  get(name: string): string | undefined {
    for (let at = 0; at < this.#length; at += FIELDS) {
      if (this.#nameLength(at) === name.length && this.#nameEndsWith(at, name)) return this.#value(at)
    }
    return undefined
  }

  local(name: string): string | undefined {
    let prefixed = -1
    for (let at = 0; at < this.#length; at += FIELDS) {
      const longer = this.#nameLength(at) - name.length
      if (longer < 0 || !this.#nameEndsWith(at, name)) continue
      if (longer === 0) return this.#value(at)
      const before = (this.#spans[at + 1] ?? 0) - name.length - 1
      if (prefixed < 0 && this.#text.charCodeAt(before) === COLON) prefixed = at
    }
    return prefixed < 0 ? undefined : this.#value(prefixed)
  }

  entries(): [string, string][] {
    const found = new Map<string, string>()
    for (let at = 0; at < this.#length; at += FIELDS) {
      const name = this.#text.slice(this.#spans[at], this.#spans[at + 1])
      if (!found.has(name)) found.set(name, this.#value(at))
    }
    return [...found]
  }

  #nameLength(at: number): number {
    return (this.#spans[at + 1] ?? 0) - (this.#spans[at] ?? 0)
  }

  #nameEndsWith(at: number, name: string): boolean {
    const from = (this.#spans[at + 1] ?? 0) - name.length
    for (let i = name.length - 1; i >= 0; i--) {
      if (this.#text.charCodeAt(from + i) !== name.charCodeAt(i)) return false
    }
    return true
  }

  #value(at: number): string {
    const raw = this.#text.slice(this.#spans[at + 2], this.#spans[at + 3])
    return decodeEntities(this.entities?.expand(raw) ?? raw)
  }
}

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/** The five entities of XML and character references; any other stays as it is written. */
export function decodeEntities(text: string): string {
  if (!text.includes('&')) return text
  return text.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(amp|lt|gt|quot|apos));/gi, (whole, hex, decimal, name) => {
    if (name) return NAMED[String(name).toLowerCase()] ?? whole
    const code = hex ? Number.parseInt(String(hex), 16) : Number(decimal)
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole
  })
}
