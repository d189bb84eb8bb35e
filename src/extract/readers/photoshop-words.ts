import { limits } from '../../core/limits.ts'
import { carveLatin } from './carve-strings.ts'

/**
 * Words of a Photoshop file beside its pixels: text layers, hidden ones too, which keep what was typed in UTF-16 behind
 * `/Text (`, and the strings of resources, layer names and metadata. Linear; never throws.
 */
const TYPED_MARK = Buffer.from('/Text (\xfe\xff', 'latin1')
/** One layer. */
const TYPED_MAX_BYTES = 1024 * 1024
const BACKSLASH = 0x5c
const CLOSE = 0x29
const NAME_MIN_CHARS = 5

export function photoshopWords(bytes: Buffer): string[] {
  const words: string[] = []
  for (let at = bytes.indexOf(TYPED_MARK); at >= 0 && words.length < limits.extractSniffNamesMax; ) {
    const typed = typedText(bytes, at + TYPED_MARK.length)
    words.push(typed.text)
    at = bytes.indexOf(TYPED_MARK, typed.end)
  }
  const end = endOfLayers(bytes)
  return [...words, ...carveLatin(bytes.subarray(26, Math.min(end, limits.extractCarveMaxBytes)), NAME_MIN_CHARS)]
}

/** UTF-16, highest byte first; a backslash stands before the bytes of brackets and backslashes. */
function typedText(bytes: Buffer, from: number): { text: string; end: number } {
  const units: number[] = []
  let at = from
  for (; at < bytes.length && units.length < TYPED_MAX_BYTES && bytes[at] !== CLOSE; at++) {
    if (bytes[at] === BACKSLASH) at += 1
    units.push(bytes[at] ?? 0)
  }
  const text = Buffer.from(units.slice(0, units.length & ~1))
    .swap16()
    .toString('utf16le')
    .replace(/[\r\x03]/g, '\n')
  return { text, end: at }
}

/** Where the merged picture begins; the end of the file where the lengths make no sense. */
function endOfLayers(bytes: Buffer): number {
  let at = 26
  for (let section = 0; section < 3; section++) {
    const isWide = section === 2 && bytes.length >= 6 && bytes.readUInt16BE(4) === 2
    if (at + 8 > bytes.length) return bytes.length
    at += isWide ? 8 + Number(bytes.readBigUInt64BE(at)) : 4 + bytes.readUInt32BE(at)
  }
  return Math.min(at, bytes.length)
}
