import { GatewayError } from '../core/errors.ts'
import { limits } from '../core/limits.ts'

/** The header section of a message as field ranges over its bytes: nothing is decoded, nothing is normalised. */
export interface HeaderField {
  /** Lower case; empty for a line that is no field. */
  readonly name: string
  /** Offsets in the message; `end` is behind the field's last CRLF. */
  readonly start: number
  readonly end: number
  /** Offset of the first byte behind the colon. */
  readonly valueStart: number
  /** What stands behind the colon, folding included, without the last CRLF; bytes as Latin-1. */
  readonly value: string
}

export interface MessageHead {
  /** From the start up to and including the empty line. */
  readonly bytes: Buffer
  readonly fields: readonly HeaderField[]
  /** Offset of the empty line's CRLF; the end of the message where there is none. */
  readonly end: number
}

/** Throws GatewayError `header-too-large`; reads no more than the header needs. */
export async function readHead(content: AsyncIterable<Uint8Array>): Promise<MessageHead> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of content) {
    chunks.push(chunk)
    length += chunk.length
    const bytes = Buffer.concat(chunks.splice(0))
    chunks.push(bytes)
    if (headerEnd(bytes) !== null) return parseHead(bytes)
    if (length > limits.smtpHeaderMaxBytes)
      throw new GatewayError('header-too-large', {
        temporary: false,
        publicMessage: 'The message header is too large to be changed.',
      })
  }
  return parseHead(Buffer.concat(chunks))
}

/** Reads the header section at the start of `bytes`. */
export function parseHead(bytes: Buffer): MessageHead {
  const end = headerEnd(bytes) ?? bytes.length
  const fields: HeaderField[] = []
  for (let at = 0; at < end; ) {
    const fieldEnd = endOfField(bytes, at, end)
    fields.push(readField(bytes, at, fieldEnd))
    at = fieldEnd
  }
  return { bytes: bytes.subarray(0, Math.min(bytes.length, end + 2)), fields, end }
}

/** Offset of the empty line; null when there is none yet. */
function headerEnd(bytes: Buffer): number | null {
  if (bytes[0] === 0x0d && bytes[1] === 0x0a) return 0
  const at = bytes.indexOf('\r\n\r\n')
  return at < 0 ? null : at + 2
}

function endOfField(bytes: Buffer, start: number, limit: number): number {
  for (let at = start; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd < 0 || lineEnd + 2 >= limit) return limit
    const next = bytes[lineEnd + 2]
    if (next !== 0x20 && next !== 0x09) return lineEnd + 2
    at = lineEnd + 2
  }
}

function readField(bytes: Buffer, start: number, end: number): HeaderField {
  const text = bytes.toString('latin1', start, end).replace(/\r\n$/, '')
  const match = /^([!-9;-~]+)[ \t]*:/.exec(text)
  const name = match?.[1]?.toLowerCase() ?? ''
  const valueStart = start + (match?.[0].length ?? 0)
  return { name, start, end, valueStart, value: text.slice(match?.[0].length ?? 0) }
}

/** Value of a field on one line, RFC 5322 section 2.2.3; bytes as Latin-1. */
export function unfold(value: string): string {
  return value.replace(/\r\n(?=[ \t])/g, '').trim()
}
