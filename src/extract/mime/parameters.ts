import { decodeShortText } from '../charset.ts'
import { decodeHeaderValue } from './encoded-word.ts'

/**
 * A structured field such as Content-Type: its first word and its parameters (RFC 2045 section 5.1), comments left out
 * (RFC 5322 section 3.2.2), charsets and continuations of RFC 2231 undone. Where a parameter stands twice the first
 * counts, and `all` has every value, because receivers differ.
 */
export interface StructuredField {
  /** Lower case: `text/plain`, `attachment`; empty where the field starts with none. */
  readonly head: string
  readonly parameters: Readonly<Record<string, string>>
  readonly all: Readonly<Record<string, readonly string[]>>
  readonly hasComment: boolean
}

interface Piece {
  readonly name: string
  /** -1 for a parameter that is not continued. */
  readonly index: number
  readonly extended: boolean
  readonly value: string
}

const NAME = /^([^\s=;"()]+?)(?:\*(\d{1,4}))?(\*)?$/
const PARAMETERS_MAX = 200

export function parseStructured(value: string): StructuredField {
  const { text, hasComment } = value.includes('(') ? stripComments(value) : { text: value, hasComment: false }
  const segments = splitSegments(text)
  const head = (segments[0] ?? '')
    .trim()
    .replace(/^["']|["']$/g, '')
    .toLowerCase()
  const pieces: Piece[] = []
  for (const segment of segments.slice(head.includes('=') ? 0 : 1, PARAMETERS_MAX)) {
    const equals = segment.indexOf('=')
    if (equals < 0) continue
    const name = NAME.exec(segment.slice(0, equals).trim())
    if (!name?.[1]) continue
    pieces.push({
      name: name[1].toLowerCase(),
      index: name[2] === undefined ? -1 : Number(name[2]),
      extended: name[3] !== undefined,
      value: unquote(segment.slice(equals + 1).trim()),
    })
  }
  return { head: head.includes('=') ? '' : (head.split(/\s/)[0] ?? ''), ...combine(pieces), hasComment }
}

function combine(pieces: readonly Piece[]): Pick<StructuredField, 'parameters' | 'all'> {
  const all: Record<string, string[]> = Object.create(null)
  const add = (name: string, value: string) => {
    const values = (all[name] ??= [])
    if (!values.includes(value)) values.push(value)
  }
  // An extended value outranks the plain one beside it (RFC 6266 section 4.3), so those come first.
  for (const piece of pieces) if (piece.index < 0 && piece.extended) add(piece.name, decodeExtended(piece.value))
  for (const [name, parts] of continued(pieces)) add(name, joinContinued(parts))
  for (const piece of pieces) if (piece.index < 0 && !piece.extended) add(piece.name, decodeHeaderValue(piece.value))
  const parameters: Record<string, string> = Object.create(null)
  for (const [name, values] of Object.entries(all)) parameters[name] = values[0] ?? ''
  return { parameters, all }
}

function continued(pieces: readonly Piece[]): Map<string, Piece[]> {
  const byName = new Map<string, Piece[]>()
  for (const piece of pieces) {
    if (piece.index < 0) continue
    const parts = byName.get(piece.name)
    if (parts) parts.push(piece)
    else byName.set(piece.name, [piece])
  }
  return byName
}

function joinContinued(parts: Piece[]): string {
  const sorted = parts.toSorted((a, b) => a.index - b.index)
  const first = sorted[0]
  if (!first) return ''
  const charset = first.extended ? (/^([^']*)'[^']*'/.exec(first.value)?.[1] ?? null) : null
  const bytes: Buffer[] = []
  let percent = ''
  for (const [at, part] of sorted.entries()) {
    const value = at === 0 && part.extended ? part.value.replace(/^[^']*'[^']*'/, '') : part.value
    // A percent sign and its digits may be split between two pieces.
    if (part.extended) percent += value
    else {
      bytes.push(percentBytes(percent), Buffer.from(value, 'latin1'))
      percent = ''
    }
  }
  bytes.push(percentBytes(percent))
  const text = decodeShortText(Buffer.concat(bytes), charset)
  return text.includes('=?') ? decodeHeaderValue(text) : text
}

/** `charset'language'percent-encoded` (RFC 2231 section 4); without the quotes it is taken as UTF-8. */
function decodeExtended(value: string): string {
  const m = /^([^']*)'[^']*'/.exec(value)
  return decodeShortText(percentBytes(m ? value.slice(m[0].length) : value), m?.[1] || null)
}

function percentBytes(value: string): Buffer {
  return Buffer.from(
    value.replace(/%([0-9a-f]{2})/gi, (_whole: string, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  )
}

/** Splits at semicolons outside quotes. An unclosed quote ends with the value. */
function splitSegments(text: string): string[] {
  const segments: string[] = []
  let from = 0
  let quoted = false
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x5c && quoted) at += 1
    else if (code === 0x22) quoted = !quoted
    else if (code === 0x3b && !quoted) {
      segments.push(text.slice(from, at))
      from = at + 1
    }
  }
  segments.push(text.slice(from))
  return segments
}

function unquote(value: string): string {
  if (!value.startsWith('"')) return value
  let out = ''
  for (let at = 1; at < value.length; at++) {
    const c = value[at]
    if (c === '"') break
    if (c === '\\' && at + 1 < value.length) at += 1
    out += value[at]
  }
  return out
}

function stripComments(value: string): { text: string; hasComment: boolean } {
  let text = ''
  let depth = 0
  let quoted = false
  let hasComment = false
  for (let at = 0; at < value.length; at++) {
    const c = value[at] ?? ''
    if (c === '\\' && (quoted || depth > 0)) {
      if (depth === 0) text += c + (value[at + 1] ?? '')
      at += 1
    } else if (c === '"' && depth === 0) {
      quoted = !quoted
      text += c
    } else if (c === '(' && !quoted) {
      depth += 1
      hasComment = true
    } else if (c === ')' && depth > 0) depth -= 1
    else if (depth === 0) text += c
  }
  return { text, hasComment }
}
