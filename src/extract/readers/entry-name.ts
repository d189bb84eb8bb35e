import iconv from 'iconv-lite'
import { detectLegacy } from '../charset-detect.ts'

/**
 * Names inside archives: most containers don't say in which charset a name stands. UTF-8 where it is valid, a guess for
 * multi-byte East Asian charsets, the container's old default otherwise. Never throws.
 */
const MULTI_BYTE = new Set(['gb2312', 'gb18030', 'gbk', 'big5', 'cp932', 'shift_jis', 'euc-jp', 'cp949', 'euc-kr'])
const utf8 = new TextDecoder('utf-8', { fatal: true })

/** UTF-8 where the bytes are valid UTF-8, else `fallback` (a name that iconv-lite knows). */
export function decodeName(raw: Uint8Array, fallback = 'cp437'): string {
  try {
    return utf8.decode(raw)
  } catch {
    return iconv.decode(Buffer.from(raw), fallback)
  }
}

/** The charset of all names of one archive together: one guess costs milliseconds, and more text tells more. */
export function guessNameCharset(names: Buffer, otherwise: string): string {
  if (names.every((byte) => byte < 0x80)) return otherwise
  const guess = detectLegacy(names)
  return guess !== null && MULTI_BYTE.has(guess) && iconv.encodingExists(guess) ? guess : otherwise
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
