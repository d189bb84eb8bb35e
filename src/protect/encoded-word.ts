/** RFC 2047 encoded-words and RFC 5322 folding for header text that the gateway writes or has to understand. */
const LINE_MAX = 76
const ENCODED_BYTES_MAX = 45

/**
 * One complete header field with CRLF. Text that isn't printable ASCII becomes encoded-words; long lines are folded at
 * spaces. Controls, line ends among them, become spaces, so that a value can't begin a new field.
 */
export function headerField(name: string, text: string): string {
  const clean = text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim()
  const words = needsEncoding(clean) ? encodedWords(clean) : clean.split(/ +/)
  let out = `${name}:`
  let column = out.length
  for (const word of words) {
    if (column + 1 + word.length > LINE_MAX) {
      out += '\r\n'
      column = 0
    }
    out += ` ${word}`
    column += 1 + word.length
  }
  return `${out}\r\n`
}

/** What isn't printable ASCII, or would be read as an encoded-word, or has a word no line can hold. */
export function needsEncoding(text: string): boolean {
  return /[^\x20-\x7e]/.test(text) || text.includes('=?') || text.split(' ').some((word) => word.length > 900)
}

/** UTF-8 B encoded-words of at most 75 characters, never splitting a character. Separate them by white space. */
export function encodedWords(text: string): string[] {
  const words: string[] = []
  let piece = ''
  for (const character of text.toWellFormed()) {
    if (Buffer.byteLength(piece + character) > ENCODED_BYTES_MAX) {
      words.push(encodedWord(piece))
      piece = ''
    }
    piece += character
  }
  if (piece !== '' || words.length === 0) words.push(encodedWord(piece))
  return words
}

function encodedWord(text: string): string {
  return `=?utf-8?B?${Buffer.from(text).toString('base64')}?=`
}

/** Decodes the encoded-words of an unfolded value (bytes as Latin-1); raw 8-bit bytes are read as UTF-8. Never throws. */
export function decodeHeaderText(latin1: string): string {
  const joined = latin1.replace(/(=\?[^?\s]+\?[BbQq]\?[^?\s]*\?=)[ \t]+(?==\?[^?\s]+\?[BbQq]\?)/g, '$1')
  const raw = Buffer.from(joined, 'latin1').toString('utf8')
  return raw.replace(/=\?([^?\s*]+)(?:\*[^?\s]*)?\?([BbQq])\?([^?\s]*)\?=/g, (whole, charset, encoding, data) => {
    const bytes = encoding === 'B' || encoding === 'b' ? Buffer.from(data, 'base64') : decodeQ(data)
    return decodeBytes(charset, bytes) ?? whole
  })
}

function decodeQ(data: string): Buffer {
  const text = data
    .replaceAll('_', ' ')
    .replace(/=([0-9A-Fa-f]{2})/g, (_whole, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(text, 'latin1')
}

/** Null for a charset that isn't known. */
export function decodeBytes(charset: string, bytes: Uint8Array): string | null {
  try {
    return new TextDecoder(charset).decode(bytes)
  } catch {
    return null
  }
}
