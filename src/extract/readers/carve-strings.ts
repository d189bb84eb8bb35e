import { limits } from '../../core/limits.ts'

/**
 * Runs of readable text in bytes whose structure nobody here reads: 8-bit and UTF-16. A last resort, always said to be
 * `partial` by whoever uses it. Linear, pure.
 */
const RUN_MIN_CHARS = 5

/** Of sound, film, fonts and pictures, what is searched at each end, and how long runs there must be. */
const MEDIA_EDGE_BYTES = 256 * 1024
const MEDIA_RUN_MIN_CHARS = 12

/**
 * What can be read of a file of an unread format, at most `limits.extractCarveMaxBytes` of it. Media have titles,
 * comments and what was appended about their samples, which give short runs by chance.
 */
export function carveStrings(bytes: Uint8Array, mediaType: string): string[] {
  const isMedia = /^(?:image|audio|video|font)\//.test(mediaType)
  const pieces = isMedia
    ? [bytes.subarray(0, MEDIA_EDGE_BYTES), bytes.subarray(MEDIA_EDGE_BYTES).subarray(-MEDIA_EDGE_BYTES)]
    : [bytes.subarray(0, limits.extractCarveMaxBytes)]
  const minimum = isMedia ? MEDIA_RUN_MIN_CHARS : RUN_MIN_CHARS
  return pieces.flatMap((piece) => [...carveLatin(piece, minimum), ...carveUtf16(piece, minimum)])
}

/** UTF-16 runs of letters, digits and punctuation, at even and at odd places; little-endian unless told otherwise. */
export function carveUtf16(bytes: Uint8Array, minimum = RUN_MIN_CHARS, endian: 'le' | 'be' = 'le'): string[] {
  if (endian === 'be') {
    const swapped = Buffer.concat([bytes, Buffer.alloc(bytes.length % 2)]).swap16()
    // Swapping pairs of bytes leaves text at odd places torn apart, so the bytes are swapped from the second on as well.
    const odd = Buffer.concat([bytes.subarray(1), Buffer.alloc(1 - (bytes.length % 2))])
    return [...carveAt(swapped, minimum, [0]), ...carveAt(odd.swap16(), minimum, [0])]
  }
  return carveAt(bytes, minimum, [0, 1])
}

function carveAt(bytes: Uint8Array, minimum: number, parities: readonly number[]): string[] {
  const runs: string[] = []
  for (const parity of parities) {
    let start = -1
    let at = parity
    for (; at + 1 < bytes.length; at += 2) {
      const code = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8)
      if (isReadable(code)) {
        if (start < 0) start = at
        continue
      }
      if (start >= 0 && (at - start) / 2 >= minimum) pushRun(runs, bytes, start, at)
      start = -1
    }
    if (start >= 0 && (at - start) / 2 >= minimum) pushRun(runs, bytes, start, at)
  }
  return runs
}

function pushRun(runs: string[], bytes: Uint8Array, start: number, end: number): void {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf16le')
  // Random bytes make Han characters by the dozen; text stays mostly in one script.
  const latin = text.match(/[\x20-\x7e\u00a0-\u024f]/g)?.length ?? 0
  const blocks = new Set(Array.from(text, (char) => (char.codePointAt(0) ?? 0) >> 8)).size
  if (latin * 2 >= text.length || blocks <= Math.max(3, text.length / 8)) runs.push(text.trim())
}

/** Latin, Greek, Cyrillic, Semitic, Indic, East Asian; no controls, no private use, no symbols of drawing. */
function isReadable(code: number): boolean {
  if (code < 0x20) return code === 0x09 || code === 0x0a || code === 0x0d
  if (code < 0x7f) return true
  if (code < 0xa0) return false
  return (
    code < 0x2000 ||
    (code >= 0x2010 && code <= 0x2027) ||
    (code >= 0x20a0 && code <= 0x20bf) ||
    (code >= 0x3000 && code < 0xd7a4)
  )
}

/** 8-bit runs, read as Windows-1252. */
export function carveLatin(bytes: Uint8Array, minimum = RUN_MIN_CHARS): string[] {
  const runs: string[] = []
  let start = -1
  for (let at = 0; at <= bytes.length; at++) {
    const byte = bytes[at] ?? 0
    const readable =
      at < bytes.length && ((byte >= 0x20 && byte < 0x7f) || byte >= 0xa0 || byte === 9 || byte === 10 || byte === 13)
    if (readable) {
      if (start < 0) start = at
      continue
    }
    if (start >= 0 && at - start >= minimum) {
      const text = cp1252.decode(bytes.subarray(start, at)).trim()
      const plain = text.match(/[\x20-\x7e]/g)?.length ?? 0
      if (plain * 4 >= text.length * 3) runs.push(text)
    }
    start = -1
  }
  return runs
}

const cp1252 = new TextDecoder('windows-1252')
