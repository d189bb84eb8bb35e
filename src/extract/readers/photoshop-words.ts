import { limits } from '../../core/limits.ts'
import { carveLatin } from './carve-strings.ts'

/**
 * Words of a Photoshop file beside its pixels: text layers, hidden ones too, which keep what was typed in UTF-16 behind
 * `/Text (`, and the strings of resources, layer names and metadata. Linear; never throws.
 */
const TYPED_MARK = Buffer.from('/Text (\xfe\xff', 'latin1')
const BACKSLASH = 0x5c
const CLOSE = 0x29
const NAME_MIN_CHARS = 5

export function photoshopWords(bytes: Buffer): string[] {
  const words: string[] = []
  for (let at = bytes.indexOf(TYPED_MARK); at >= 0; at = bytes.indexOf(TYPED_MARK, at + 1)) {
    if (words.length >= limits.extractSniffNamesMax) break
    words.push(typedText(bytes, at + TYPED_MARK.length))
  }
  const end = endOfLayers(bytes)
  return [...words, ...carveLatin(bytes.subarray(26, Math.min(end, limits.extractCarveMaxBytes)), NAME_MIN_CHARS)]
}

/** UTF-16, highest byte first; a backslash stands before the bytes of brackets and backslashes. */
function typedText(bytes: Buffer, from: number): string {
  const units: number[] = []
  for (let at = from; at < bytes.length && units.length < limits.extractTextMaxBytes && bytes[at] !== CLOSE; at++) {
    if (bytes[at] === BACKSLASH) at += 1
    units.push(bytes[at] ?? 0)
  }
  return Buffer.from(units.slice(0, units.length & ~1))
    .swap16()
    .toString('utf16le')
    .replace(/[\r\x03]/g, '\n')
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
