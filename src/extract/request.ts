import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync, zstdDecompressSync } from 'node:zlib'
import type { UninspectedReason } from '../core/extraction.ts'
import { limits } from '../core/limits.ts'
import type { Budget } from './format.ts'
import { readPairs } from './formats/form.ts'
import { decodeHeaderValue } from './mime/encoded-word.ts'
import { parseStructured } from './mime/parameters.ts'

/**
 * What an HTTP request says beside its body: codings to undo before the body is read, the name and type of the body, and
 * the text that travels in URL and header fields. Nothing throws; a coding that can't be undone is reported.
 */
export interface RequestFacts {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

export interface DecodedContent {
  readonly bytes: Uint8Array
  readonly problem: { readonly reason: UninspectedReason; readonly detail: string } | null
}

export function header(request: RequestFacts, name: string): string | null {
  for (const [key, value] of Object.entries(request.headers)) if (key.toLowerCase() === name) return value
  return null
}

/** File name from Content-Disposition, else the last segment of the URL where that has an extension. */
export function requestFilename(request: RequestFacts): string | null {
  const disposition = header(request, 'content-disposition')
  const stated = disposition ? parseStructured(disposition).parameters.filename : undefined
  if (stated) return stated
  const segment =
    request.url
      .replace(/[?#].*$/, '')
      .split('/')
      .at(-1) ?? ''
  return /\.[A-Za-z0-9]{1,8}$/.test(segment) ? readPairs(segment, 'utf-8') || null : null
}

/** Undoes Content-Encoding, last coding first (RFC 9110 section 8.4), and the chunks of signed S3 uploads. */
export function undoContentEncoding(bytes: Uint8Array, request: RequestFacts, budget: Budget): DecodedContent {
  const codings = codingsOf(request)
  if (codings.length > limits.extractContentEncodingsMax)
    return { bytes, problem: { reason: 'too-deep', detail: 'content-encoding' } }
  let current = bytes
  for (const coding of codings.reverse()) {
    const decoded = undo(current, coding, budget)
    if (typeof decoded === 'string')
      return {
        bytes: current,
        problem: { reason: decoded, detail: knownCodings.has(coding) ? coding : 'content-encoding' },
      }
    current = decoded
  }
  return { bytes: current, problem: null }
}

export function hasContentEncoding(request: RequestFacts): boolean {
  return codingsOf(request).length > 0
}

function codingsOf(request: RequestFacts): string[] {
  return (header(request, 'content-encoding') ?? '')
    .split(',')
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== '' && coding !== 'identity')
}

const knownCodings = new Set(['gzip', 'x-gzip', 'deflate', 'br', 'zstd', 'aws-chunked'])

function undo(bytes: Uint8Array, coding: string, budget: Budget): Uint8Array | UninspectedReason {
  if (!knownCodings.has(coding)) return 'unsupported'
  const options = { maxOutputLength: Math.max(1, budget.inflatedLeft) }
  try {
    const out = inflateBy(coding, bytes, options)
    return budget.inflate(out.length) ? out : 'too-large'
  } catch (thrown) {
    return thrown instanceof RangeError || (thrown as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE'
      ? 'too-large'
      : 'corrupt'
  }
}

function inflateBy(coding: string, bytes: Uint8Array, options: { maxOutputLength: number }): Uint8Array {
  switch (coding) {
    case 'br':
      return brotliDecompressSync(bytes, options)
    case 'zstd':
      return zstdDecompressSync(bytes, options)
    case 'deflate':
      // RFC 9110 means zlib; a known family of senders leaves its header out.
      return ((bytes[0] ?? 0) & 0x0f) === 8 && (((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0)) % 31 === 0
        ? inflateSync(bytes, options)
        : inflateRawSync(bytes, options)
    case 'aws-chunked':
      return joinAwsChunks(bytes)
    default:
      return gunzipSync(bytes, options)
  }
}

/** `<hex size>;chunk-signature=…CRLF<data>CRLF` … */
function joinAwsChunks(bytes: Uint8Array): Uint8Array {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const pieces: Buffer[] = []
  for (let at = 0; at < buffer.length; ) {
    const lineEnd = buffer.indexOf('\r\n', at)
    if (lineEnd < 0) break
    const size = Number.parseInt(/^([0-9a-f]{1,8})(?:;|$)/i.exec(buffer.toString('latin1', at, lineEnd))?.[1] ?? '', 16)
    if (Number.isNaN(size)) throw new Error('no chunk')
    if (size === 0) break
    pieces.push(buffer.subarray(lineEnd + 2, lineEnd + 2 + size))
    at = lineEnd + 2 + size + 2
  }
  return Buffer.concat(pieces)
}

/** Header fields that every client sends about itself and the connection. */
const dullFields = new Set(
  'connection content-length transfer-encoding accept accept-encoding accept-language cache-control pragma te upgrade-insecure-requests content-encoding date expect keep-alive'.split(
    ' ',
  ),
)

/**
 * URL and header fields as text: query decoded, credentials of the usual schemes left out, but for the name and password
 * of `Basic` (RFC 7617), which may be anything: they stand each on a line of their own.
 */
export function requestText(request: RequestFacts): string {
  const lines: string[] = []
  const [path = '', query = ''] = splitOnce(request.url, '?')
  const plainPath = readPairs(path.replaceAll('+', '%2B'), 'utf-8')
  lines.push(plainPath)
  if (query !== '') lines.push(readPairs(Buffer.from(query, 'utf8').toString('latin1'), null))
  for (const [name, value] of Object.entries(request.headers)) {
    const lower = name.toLowerCase()
    const [, scheme, credentials = ''] =
      (lower.endsWith('authorization') && /^(basic|bearer|digest|negotiate|aws4\S*)\s+(.*)/is.exec(value)) || []
    if (scheme?.toLowerCase() === 'basic') lines.push(...splitOnce(Buffer.from(credentials, 'base64').toString(), ':'))
    if (dullFields.has(lower) || scheme !== undefined) continue
    lines.push(`${name}: ${decodeHeaderValue(Buffer.from(value, 'utf8').toString('latin1'))}`)
  }
  return lines.join('\n')
}

/** Whether the body is one piece of something larger, and by what protocol. */
export function partialUpload(request: RequestFacts): string | null {
  const range = /^bytes\s+(\d+)-(\d+)\/(\d+|\*)$/i.exec(header(request, 'content-range')?.trim() ?? '')
  if (range && !(range[1] === '0' && Number(range[3]) === Number(range[2]) + 1)) return 'content-range'
  if (Number(header(request, 'upload-offset') ?? 0) > 0) return 'tus'
  if (/[?&]partnumber=\d/i.test(request.url) && /[?&]uploadid=/i.test(request.url)) return 's3 multipart'
  return null
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}
