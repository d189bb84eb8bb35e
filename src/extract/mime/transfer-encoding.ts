import { hexDigit } from './hex-digit.ts'

/**
 * Content-Transfer-Encoding (RFC 2045 section 6) of one body, in every reading that receivers are known to have. The
 * first reading is the one of the RFC; the others exist only where the body is not clean.
 */
export type TransferEncoding = 'identity' | 'base64' | 'quoted-printable' | 'uuencode' | 'yenc' | 'unknown'

export interface DecodedBody {
  readonly bytes: Buffer
  /** What other decoders make of the same body; empty for a clean one. */
  readonly others: readonly Buffer[]
}

const NONE: readonly Buffer[] = []
/** Foreign characters that can't hide anything. */
const FOREIGN_MAX_CHARS = 8
/** Runs between paddings that are decoded one by one; honest bodies have one. */
const RUNS_MAX = 10_000
const LINES_MAX = 1_000_000
const EQUALS = 0x3d

/** The encoding that a field value names, its comments, quotes and trailing rubbish forgiven. */
export function transferEncodingOf(value: string): TransferEncoding {
  const name = value
    .replace(/\([^()]*\)/g, '')
    .trim()
    .replace(/^["']|["';,]+$/g, '')
    .trim()
    .toLowerCase()
  switch (name) {
    case '':
    case '7bit':
    case '7-bit':
    case '8bit':
    case '8-bit':
    case 'binary':
    case 'none':
      return 'identity'
    case 'base64':
      return 'base64'
    case 'quoted-printable':
      return 'quoted-printable'
    case 'x-uuencode':
    case 'x-uue':
    case 'uuencode':
      return 'uuencode'
    case 'x-yencode':
    case 'x-yenc':
      return 'yenc'
    default:
      return 'unknown'
  }
}

export function decodeBody(body: Buffer, encoding: TransferEncoding): DecodedBody {
  switch (encoding) {
    case 'base64':
      return decodeBase64(body)
    case 'quoted-printable':
      return { bytes: decodeQuotedPrintable(body), others: NONE }
    case 'unknown':
      return { bytes: body, others: guesses(body) }
    case 'identity':
    case 'uuencode':
    case 'yenc':
      // The text format finds uuencode and yEnc blocks wherever they stand.
      return { bytes: body, others: NONE }
  }
}

/** An encoding nobody knows: shown as it is by most, decoded by those that recognise it. */
function guesses(body: Buffer): readonly Buffer[] {
  const text = body.toString('latin1')
  const found: Buffer[] = []
  if (looksBase64(text)) found.push(decodeBase64(body).bytes)
  if (/=(?:[0-9A-F]{2}|\r?\n)/.test(text)) found.push(decodeQuotedPrintable(body))
  return found
}

/** Whether a body is nothing but base64, long enough not to be a word. */
export function looksBase64(text: string): boolean {
  const squeezed = text.replace(/\s+/g, '')
  return squeezed.length >= 16 && squeezed.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(squeezed)
}

export function decodeBase64(body: Buffer): DecodedBody {
  const text = body.toString('latin1')
  const bytes = Buffer.from(text, 'base64')
  if (isRegular(text, bytes.length)) return { bytes, others: NONE }
  const odd = /[^A-Za-z0-9+/\s]/.exec(text)
  if (odd === null) return { bytes, others: NONE }
  if (/^={1,2}\s*={0,2}\s*$/.test(text.slice(odd.index, odd.index + 64)) && text.length - odd.index <= 64)
    return { bytes, others: NONE }
  return dirtyBase64(body, text)
}

/** Lines of one length and padding at the end only: the decoded length proves that nothing was skipped. */
function isRegular(text: string, decodedLength: number): boolean {
  const first = text.indexOf('\n')
  if (first <= 0) return false
  let end = text.length
  while (end > 0 && text.charCodeAt(end - 1) <= 0x20) end--
  const eol = text.charCodeAt(first - 1) === 0x0d ? 2 : 1
  const lineLength = first + 1
  const lines = Math.floor((end - 1) / lineLength)
  let characters = end - lines * eol
  while (characters > 0 && text.charCodeAt(end - 1) === 0x3d) {
    end--
    characters--
  }
  return Math.floor((characters * 3) / 4) === decodedLength
}

/**
 * Padding in the middle and characters outside the alphabet. Known behaviours: decode run by run between paddings, skip
 * everything foreign as one stream, decode line by line, give up and show the body as it is.
 */
function dirtyBase64(body: Buffer, text: string): DecodedBody {
  const alphabetOnly = text.replace(/[^A-Za-z0-9+/=]+/g, '')
  const stream = Buffer.from(alphabetOnly.replaceAll('=', ''), 'base64')
  const runTexts = alphabetOnly.split(/=+/, RUNS_MAX + 1)
  if (runTexts.length > RUNS_MAX) return { bytes: stream, others: [body] }
  const runs = Buffer.concat(runTexts.map((run) => Buffer.from(run, 'base64')))
  const lines = text.split(/\r?\n/, LINES_MAX).map((line) => line.replace(/[^A-Za-z0-9+/=]+/g, ''))
  const byLine = Buffer.concat(lines.map((line) => Buffer.from(line, 'base64')))
  // The URL-safe alphabet (RFC 4648 section 5), which the native decoder takes as well.
  const urlSafe = /[-_]/.test(text) ? Buffer.from(text.replace(/[^A-Za-z0-9_-]+/g, ''), 'base64') : stream
  const others: Buffer[] = [stream, byLine, urlSafe].filter((other) => !startsWith(runs, other))
  const foreign = text.length - text.replace(/[^A-Za-z0-9+/=\s]+/g, '').length
  if (foreign > FOREIGN_MAX_CHARS || hasTail(text)) others.push(body)
  return { bytes: runs, others }
}

/** Whether something that may be words stands behind the first padding. */
function hasTail(text: string): boolean {
  let at = text.indexOf('=')
  if (at < 0) return false
  while (at < text.length && (text.charCodeAt(at) <= 0x20 || text.charCodeAt(at) === 0x3d)) at++
  return text.slice(at, at + 4 * FOREIGN_MAX_CHARS).trim().length > FOREIGN_MAX_CHARS
}

function startsWith(whole: Buffer, part: Buffer): boolean {
  return part.length <= whole.length && whole.subarray(0, part.length).equals(part)
}

export function decodeQuotedPrintable(body: Buffer): Buffer {
  if (!body.includes(EQUALS)) return body
  const out = Buffer.allocUnsafe(body.length)
  let length = 0
  let from = 0
  for (let at = body.indexOf(EQUALS); at >= 0; at = body.indexOf(EQUALS, from)) {
    length += body.copy(out, length, from, at)
    const high = hexDigit(body[at + 1])
    const low = hexDigit(body[at + 2])
    if (high >= 0 && low >= 0) {
      out[length++] = (high << 4) | low
      from = at + 3
      continue
    }
    const lineEnd = softBreakEnd(body, at + 1)
    if (lineEnd < 0) out[length++] = EQUALS
    from = lineEnd < 0 ? at + 1 : lineEnd
  }
  length += body.copy(out, length, from)
  return out.subarray(0, length)
}

/** Position after `=`, optional blanks and a line end; -1 where this is no soft line break. */
function softBreakEnd(body: Buffer, from: number): number {
  let at = from
  while (body[at] === 0x20 || body[at] === 0x09) at++
  if (at >= body.length) return body.length
  if (body[at] === 0x0d && body[at + 1] === 0x0a) return at + 2
  return body[at] === 0x0a || body[at] === 0x0d ? at + 1 : -1
}
