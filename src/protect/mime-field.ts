import { decodeBytes, decodeHeaderText } from './encoded-word.ts'
import { unfold } from './message-head.ts'

/**
 * Structured MIME fields (RFC 2045 section 5.1, RFC 2183) with RFC 2231 and, as mailers really write them, RFC 2047
 * parameter values. Strict where it decides what is cut out of a message: anything doubtful is `null`.
 */
export interface MimeField {
  /** Before the first semicolon, lower case. */
  readonly value: string
  /** Decoded; names in lower case. */
  readonly parameters: ReadonlyMap<string, string>
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const PARAMETER = new RegExp(`\\s*;\\s*(?:(${TOKEN})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s;"()]*)))?`, 'sy')

/** `value` is a raw field value, bytes as Latin-1. Null for a field with comments, repeats or anything unreadable. */
export function parseMimeField(value: string): MimeField | null {
  const text = unfold(value)
  const head = /^[^\s;"()=]+/.exec(text)?.[0]
  if (!head) return null
  const raw = new Map<string, string>()
  PARAMETER.lastIndex = head.length
  for (let at = head.length; at < text.length; at = PARAMETER.lastIndex) {
    const match = PARAMETER.exec(text)
    if (!match) {
      if (text.slice(at).trim() === '') break
      return null
    }
    const name = match[1]?.toLowerCase()
    if (name === undefined) continue
    if (raw.has(name)) return null
    raw.set(name, match[2] !== undefined ? match[2].replace(/\\(.)/gs, '$1') : (match[3] ?? ''))
  }
  const parameters = decodeParameters(raw)
  return parameters && { value: head.toLowerCase(), parameters }
}

/** RFC 2231: `name*`, `name*0`, `name*0*`. The extended form wins over the plain one. */
function decodeParameters(raw: ReadonlyMap<string, string>): Map<string, string> | null {
  const out = new Map<string, string>()
  const extended = new Map<string, { readonly index: number; readonly encoded: boolean; readonly value: string }[]>()
  for (const [name, value] of raw) {
    const match = /^([^*]+)\*(?:(\d{1,3})(\*)?)?$/.exec(name)
    if (!match?.[1]) {
      if (name.includes('*')) return null
      out.set(name, decodeHeaderText(value))
      continue
    }
    const pieces = extended.get(match[1]) ?? []
    extended.set(match[1], pieces)
    pieces.push({ index: Number(match[2] ?? 0), encoded: match[2] === undefined || match[3] === '*', value })
  }
  for (const [name, pieces] of extended) {
    const decoded = joinPieces(pieces.toSorted((a, b) => a.index - b.index))
    if (decoded === null) return null
    out.set(name, decoded)
  }
  return out
}

function joinPieces(
  pieces: readonly { readonly index: number; readonly encoded: boolean; readonly value: string }[],
): string | null {
  const bytes: Buffer[] = []
  let charset = 'utf-8'
  for (const [index, piece] of pieces.entries()) {
    if (piece.index !== index) return null
    let { value } = piece
    if (index === 0 && piece.encoded) {
      const match = /^([^']*)'[^']*'(.*)$/s.exec(value)
      if (!match) return null
      charset = match[1] || 'utf-8'
      value = match[2] ?? ''
    }
    bytes.push(piece.encoded ? percentDecode(value) : Buffer.from(value, 'latin1'))
  }
  return decodeBytes(charset, Buffer.concat(bytes))
}

function percentDecode(value: string): Buffer {
  const text = value.replace(/%([0-9A-Fa-f]{2})/g, (_whole, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return Buffer.from(text, 'latin1')
}
