/**
 * Text strings of PDF (ISO 32000-2, 7.9.2.2): UTF-16 and UTF-8 with their marks, else PDFDocEncoding (annex D). Input has
 * one character for each byte. Pure; never throws.
 */
export function pdfStringText(bytes: string): string {
  const raw = Buffer.from(bytes, 'latin1')
  if (bytes.startsWith('\xfe\xff')) return utf16(raw.subarray(2), 'be')
  if (bytes.startsWith('\xff\xfe')) return utf16(raw.subarray(2), 'le')
  if (bytes.startsWith('\xef\xbb\xbf')) return raw.subarray(3).toString('utf8')
  if (isWide(raw)) return utf16(raw, raw[0] === 0 ? 'be' : 'le')
  return bytes.replace(/[\x18-\x1f\x80-\xa0]/g, (char) => DOCUMENT_ENCODING[char.charCodeAt(0)] ?? char)
}

/** Language escapes within UTF-16 are left out. */
function utf16(raw: Buffer, endian: 'le' | 'be'): string {
  const even = raw.subarray(0, raw.length & ~1)
  const text = (endian === 'le' ? even : Buffer.from(even).swap16()).toString('utf16le')
  return text.replace(/\x1b[^\x1b]{0,8}\x1b/g, '')
}

/** Latin letters in UTF-16 without a mark: every other byte is zero. */
function isWide(raw: Buffer): boolean {
  if (raw.length < 8 || raw.length % 2 === 1) return false
  const zero = raw[0] === 0 ? 0 : 1
  for (let at = 0; at < raw.length; at++) if ((raw[at] === 0) !== (at % 2 === zero)) return false
  return true
}

const DOCUMENT_ENCODING: Readonly<Record<number, string>> = Object.fromEntries(
  [
    [0x18, '\u02d8\u02c7\u02c6\u02d9\u02dd\u02db\u02da\u02dc'],
    [0x80, '\u2022\u2020\u2021\u2026\u2014\u2013\u0192\u2044\u2039\u203a\u2212\u2030\u201e\u201c\u201d\u2018'],
    [0x90, '\u2019\u201a\u2122\ufb01\ufb02\u0141\u0152\u0160\u0178\u017d\u0131\u0142\u0153\u0161\u017e\ufffd'],
    [0xa0, '\u20ac'],
  ].flatMap(([first, chars]) => [...String(chars)].map((char, i) => [Number(first) + i, char])),
)

/** Mostly letters, digits and signs, and no raw bytes. */
export function isReadableText(text: string): boolean {
  if (text.trim() === '') return false
  const odd = text.match(/[\0-\x08\x0b\x0e-\x1f\x7f-\x9f\ufffd]/g)?.length ?? 0
  return odd * 10 <= text.length
}
