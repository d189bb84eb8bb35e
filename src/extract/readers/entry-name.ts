import iconv from 'iconv-lite'
import jschardet from 'jschardet'

/**
 * Names inside archives: most containers don't say in which charset a name stands. UTF-8 where it is valid, a guess for
 * multi-byte East Asian charsets, the container's old default otherwise. Never throws.
 */
const MULTI_BYTE = new Set(['GB2312', 'GB18030', 'GBK', 'BIG5', 'SHIFT_JIS', 'EUC-JP', 'EUC-KR', 'EUC-TW'])
const utf8 = new TextDecoder('utf-8', { fatal: true })

export function decodeName(raw: Uint8Array, fallback = 'cp437'): string {
  if (raw.every((byte) => byte < 0x80)) return Buffer.from(raw).toString('latin1')
  try {
    return utf8.decode(raw)
  } catch {
    return iconv.decode(Buffer.from(raw), guessMultiByte(raw) ?? fallback)
  }
}

function guessMultiByte(raw: Uint8Array): string | null {
  const guess = jschardet.detect(Buffer.from(raw))
  if (!guess?.encoding || guess.confidence < 0.6) return null
  const name = guess.encoding.toUpperCase()
  return MULTI_BYTE.has(name) && iconv.encodingExists(name) ? name : null
}

/** The name without what a path of this format adds at its end: `notes.txt.gz` holds `notes.txt`. */
export function innerName(outer: string | null, suffixes: Readonly<Record<string, string>>, fallback: string): string {
  if (outer === null) return fallback
  const lower = outer.toLowerCase()
  for (const [suffix, becomes] of Object.entries(suffixes)) {
    if (lower.endsWith(suffix) && lower.length > suffix.length) return outer.slice(0, -suffix.length) + becomes
  }
  return outer
}
