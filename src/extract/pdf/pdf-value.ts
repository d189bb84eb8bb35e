/**
 * Values of PDF objects (ISO 32000-2, 7.3) and the reader that makes them of text in which each character is one byte.
 * It takes whatever a hostile file holds: what can't be read is null or left out, depth is bounded, and comments, which
 * other readers skip, are kept. Pure; never throws; linear in what it reads.
 */
export class PdfName {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }
}

export class PdfString {
  /** One character for each byte, escapes undone; still enciphered in an encrypted file. */
  readonly bytes: string

  constructor(bytes: string) {
    this.bytes = bytes
  }
}

export class PdfRef {
  readonly number: number

  constructor(number: number) {
    this.number = number
  }
}

export type PdfDict = Map<string, PdfValue>
export type PdfValue = null | boolean | number | PdfName | PdfString | PdfRef | readonly PdfValue[] | PdfDict

/** Arrays and dictionaries in each other; real files stay under twenty. */
export const PDF_DEPTH_MAX = 200

export function isDict(value: PdfValue | undefined): value is PdfDict {
  return value instanceof Map
}

export function nameOf(value: PdfValue | undefined): string {
  return value instanceof PdfName ? value.name : ''
}

const SPACE = 1
const DELIMITER = 2
const CLASSES = new Uint8Array(256)
for (const char of '\0\t\n\f\r ') CLASSES[char.charCodeAt(0)] = SPACE
for (const char of '()<>[]{}/%') CLASSES[char.charCodeAt(0)] = DELIMITER

const REST_OF_REFERENCE = /[\0\t\n\f\r ]+\d{1,5}[\0\t\n\f\r ]+R(?![A-Za-z\d])/y
/** What a literal string is made of up to the next character that means something. */
const PLAIN_STRING = /[^()\\\r]*/y

/** Stands for what is no value: a keyword, a bracket that closes nothing, the end. */
const NO_VALUE = Symbol('no value')

export class PdfReader {
  readonly #text: string
  readonly #end: number
  at: number
  /** Text behind `%` to the end of its line, in order. */
  readonly comments: string[] = []

  constructor(text: string, at = 0, end = text.length) {
    this.#text = text
    this.at = at
    this.#end = end
  }

  get isAtEnd(): boolean {
    return this.at >= this.#end
  }

  /** The value at the reading position; null where none stands there, a keyword being passed over. */
  value(): PdfValue {
    const value = this.#value(0)
    return value === NO_VALUE ? null : value
  }

  /** Passes over blanks and comments. */
  skipBlanks(): void {
    while (this.at < this.#end) {
      const code = this.#text.charCodeAt(this.at)
      if (code === 0x25) this.#comment()
      else if (CLASSES[code] === SPACE) this.at += 1
      else return
    }
  }

  #comment(): void {
    const start = this.at + 1
    let end = start
    while (end < this.#end && !isLineEnd(this.#text.charCodeAt(end))) end += 1
    this.comments.push(this.#text.slice(start, end))
    this.at = end
  }

  #value(depth: number): PdfValue | typeof NO_VALUE {
    this.skipBlanks()
    if (this.at >= this.#end) return NO_VALUE
    const code = this.#text.charCodeAt(this.at)
    switch (code) {
      case 0x2f:
        return this.#name()
      case 0x28:
        return this.#literal()
      case 0x3c:
        return this.#text.charCodeAt(this.at + 1) === 0x3c ? this.#dict(depth) : this.#hex()
      case 0x5b:
        return this.#array(depth)
      default:
        return (code >= 0x30 && code <= 0x39) || code === 0x2b || code === 0x2d || code === 0x2e
          ? this.#number()
          : this.#keyword()
    }
  }

  /** Anything up to a blank or delimiter. */
  #word(): string {
    const start = this.at
    while (this.at < this.#end && CLASSES[this.#text.charCodeAt(this.at)] === 0) this.at += 1
    return this.#text.slice(start, this.at)
  }

  #keyword(): PdfValue | typeof NO_VALUE {
    const word = this.#word()
    if (word === 'true') return true
    if (word === 'false') return false
    if (word === 'null') return null
    // A delimiter out of place.
    if (word === '') this.at += 1
    return NO_VALUE
  }

  #number(): PdfValue {
    const word = this.#word()
    if (word.length <= 10 && /^\d+$/.test(word)) {
      REST_OF_REFERENCE.lastIndex = this.at
      const rest = REST_OF_REFERENCE.exec(this.#text)
      if (rest && this.at + rest[0].length <= this.#end) {
        this.at += rest[0].length
        return new PdfRef(Number(word))
      }
    }
    const number = Number(word)
    return Number.isFinite(number) ? number : null
  }

  #name(): PdfName {
    this.at += 1
    const word = this.#word()
    if (!word.includes('#')) return new PdfName(word)
    return new PdfName(
      word.replace(/#([\da-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    )
  }

  #literal(): PdfString {
    this.at += 1
    let out = ''
    let depth = 1
    while (this.at < this.#end) {
      PLAIN_STRING.lastIndex = this.at
      const plain = PLAIN_STRING.exec(this.#text)?.[0] ?? ''
      out += plain
      this.at += plain.length
      const char = this.#text[this.at]
      this.at += 1
      if (char === '(') depth += 1
      else if (char === ')') depth -= 1
      if (depth === 0 || char === undefined) break
      if (char === '\\') out += this.#escape()
      else if (char === '\r') {
        // Every line end within a string is one LF.
        if (this.#text[this.at] === '\n') this.at += 1
        out += '\n'
      } else out += char
    }
    this.at = Math.min(this.at, this.#end)
    return new PdfString(out)
  }

  #escape(): string {
    const octal = /^[0-7]{1,3}/.exec(this.#text.slice(this.at, this.at + 3))?.[0]
    if (octal) {
      this.at += octal.length
      return String.fromCharCode(Number.parseInt(octal, 8) & 0xff)
    }
    const char = this.#text[this.at] ?? ''
    this.at += 1
    if (char === '\r' && this.#text[this.at] === '\n') this.at += 1
    return ESCAPES[char] ?? char
  }

  #hex(): PdfString {
    const rest = this.#text.slice(this.at + 1, this.#end)
    const close = rest.indexOf('>')
    const end = close < 0 ? this.#end : this.at + 1 + close
    const digits = rest.slice(0, close < 0 ? rest.length : close).replace(/[^\da-f]+/gi, '')
    this.at = Math.min(end + 1, this.#end)
    return new PdfString(Buffer.from(digits.length % 2 === 1 ? `${digits}0` : digits, 'hex').toString('latin1'))
  }

  #array(depth: number): PdfValue {
    this.at += 1
    const items: PdfValue[] = []
    for (;;) {
      this.skipBlanks()
      if (this.at >= this.#end) return items
      if (this.#text[this.at] === ']') {
        this.at += 1
        return items
      }
      const value = depth < PDF_DEPTH_MAX ? this.#value(depth + 1) : this.#skipOne()
      if (value !== NO_VALUE) items.push(value)
      else if (this.#isObjectEnd()) return items
    }
  }

  #dict(depth: number): PdfDict {
    this.at += 2
    const dict: PdfDict = new Map()
    for (;;) {
      this.skipBlanks()
      if (this.at >= this.#end) return dict
      if (this.#text.startsWith('>>', this.at)) {
        this.at += 2
        return dict
      }
      const key = depth < PDF_DEPTH_MAX ? this.#value(depth + 1) : this.#skipOne()
      if (key === NO_VALUE && this.#isObjectEnd()) return dict
      if (key instanceof PdfName) this.#entry(dict, key.name, depth)
      // A value without a key is kept all the same: it may be text.
      else if (key !== NO_VALUE && key !== null) dict.set(`#${dict.size}`, key)
    }
  }

  #entry(dict: PdfDict, key: string, depth: number): void {
    this.skipBlanks()
    if (this.#text.startsWith('>>', this.at)) return
    const value = this.#value(depth + 1)
    if (value === NO_VALUE) return
    // Readers differ about which of two values of a key counts: both are kept.
    dict.set(dict.has(key) ? `${key}#${dict.size}` : key, value)
  }

  #skipOne(): typeof NO_VALUE {
    this.at += 1
    return NO_VALUE
  }

  /** What is not closed ends with its object. */
  #isObjectEnd(): boolean {
    return this.#text.endsWith('endobj', this.at) || this.#text.endsWith('stream', this.at)
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  b: '\b',
  f: '\f',
  '\n': '',
  '\r': '',
}

function isLineEnd(code: number): boolean {
  return code === 0x0a || code === 0x0d
}
