/**
 * Whether decoded bytes are text worth looking at, and as UTF-8: plain, UTF-16, or compressed (RFC 1950 and 1952) within
 * a bound. null means noise, which is what most words give when they are taken for an encoding; what is packed and larger
 * than the bound is `cut`, and none of it is shown. Pure.
 */
import { gunzipSync, inflateSync } from 'node:zlib'
import { limits } from '../../core/limits.ts'
import type { ViewName } from './view-names.ts'

export interface DecodedText {
  readonly text: Buffer
  readonly via: readonly ViewName[]
  readonly cut?: boolean
}

const LENGTH_MIN = 6

export function decodedText(bytes: Buffer): DecodedText | null {
  if (bytes.length < LENGTH_MIN) return null
  const plain = readable(bytes)
  if (plain) return { text: plain, via: [] }
  const via: ViewName[] = []
  for (let packed = inflate(bytes); packed; packed = inflate(packed)) {
    via.push('gzip')
    if (packed === TOO_LARGE) return CUT
    const text = readable(packed)
    if (text) return { text, via }
    if (via.length === limits.detectViewDepthMax) return inflate(packed) ? CUT : null
  }
  return null
}

/** UTF-8 without control characters, or UTF-16 that is mostly ASCII. */
function readable(bytes: Buffer): Buffer | null {
  if (bytes.length >= 8 && bytes.length % 2 === 0) {
    const wide = utf16(bytes)
    if (wide) return wide
  }
  let odd = 0
  for (const byte of bytes) if ((byte < 0x20 && byte !== 9 && byte !== 10 && byte !== 13) || byte === 0x7f) odd++
  if (odd > bytes.length / 50) return null
  if (bytes.every((byte) => byte < 0x80)) return bytes
  const text = bytes.toString('utf8')
  return text.includes('\ufffd') ? null : bytes
}

function utf16(bytes: Buffer): Buffer | null {
  let even = 0
  let odd = 0
  for (let i = 0; i < bytes.length; i += 2) {
    if (bytes[i] === 0) even++
    if (bytes[i + 1] === 0) odd++
  }
  const half = bytes.length / 2
  if (odd > half * 0.8 && even === 0) return Buffer.from(bytes.toString('utf16le'))
  if (even > half * 0.8 && odd === 0) return Buffer.from(Buffer.from(bytes).swap16().toString('utf16le'))
  return null
}

const TOO_LARGE = Buffer.alloc(0)
const CUT: DecodedText = { text: Buffer.alloc(0), via: ['gzip'], cut: true }

function inflate(bytes: Buffer): Buffer | null {
  const options = { maxOutputLength: limits.detectViewBytesMax }
  try {
    if (isGzip(bytes)) return gunzipSync(bytes, options)
    if (isZlib(bytes)) return inflateSync(bytes, options)
    return null
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? TOO_LARGE : null
  }
}

function isGzip(bytes: Buffer): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b
}

function isZlib(bytes: Buffer): boolean {
  return ((bytes[0] as number) & 0x0f) === 8 && bytes.length > 1 && bytes.readUInt16BE(0) % 31 === 0
}

/** A cheap look at the first decoded bytes: false when `decodedText` could only say null. */
export function mayBeText(first: Buffer): boolean {
  if (isGzip(first) || isZlib(first)) return true
  let controls = 0
  let zeros = 0
  for (const byte of first) {
    if (byte === 0) zeros++
    else if ((byte < 0x20 && byte !== 9 && byte !== 10 && byte !== 13) || byte === 0x7f) controls++
  }
  return controls <= first.length / 50 && (zeros === 0 || Math.abs(zeros * 2 - first.length) <= first.length / 4)
}
