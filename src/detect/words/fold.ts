/**
 * Characters as words see them: lower case, without accents, compatibility forms (ligatures, full-width and mathematical
 * letters) made plain. Marks and invisible format characters belong to a word and say nothing; everything that is no
 * letter or digit separates. Characters of scripts that write without spaces are words of their own. Pure.
 */

/** A fold that ends a word. */
export const SEPARATOR = 0
/** A fold that neither ends a word nor adds to one. */
export const INVISIBLE = 1
/** Set in a fold when the character is a word of its own. */
export const ALONE = 0x4000_0000
/** Set in a fold that stands for several code points, see `foldSequence`. */
export const MANY = 0x2000_0000

/** Bytes: ASCII letters and digits -> lower case; 0 separates, or is no ASCII. */
export const ASCII_FOLD = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 0x80) return SEPARATOR
  const character = String.fromCharCode(byte)
  return /[a-z0-9]/i.test(character) ? character.toLowerCase().charCodeAt(0) : SEPARATOR
})

const LETTER = /[\p{L}\p{N}]/u
const SPACELESS =
  /[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}\p{sc=Tibetan}]/u
const KNOWN = 0x8000_0000
/** Planes 0 to 2; what lies beyond has no compatibility forms. */
const CACHED = 0x3_0000
const cache = new Uint32Array(CACHED)
const sequences: (readonly number[])[] = []

/** SEPARATOR, INVISIBLE, or a folded code point with its flags. Cached, so constant in time. */
export function foldOf(codePoint: number): number {
  if (codePoint >= CACHED) {
    if (codePoint < 0x4_0000) return codePoint | ALONE
    return codePoint >= 0xe_0000 && codePoint < 0xe_1000 ? INVISIBLE : SEPARATOR
  }
  const known = cache[codePoint] ?? 0
  if (known !== 0) return known & ~KNOWN
  const fold = compute(codePoint)
  cache[codePoint] = (fold | KNOWN) >>> 0
  return fold
}

/** Code points of a fold that is MANY. */
export function foldSequence(fold: number): readonly number[] {
  return sequences[fold & ~(MANY | ALONE)] ?? []
}

/** Folded by NFKD and both case mappings, so that sharp s is two and a final sigma is a sigma. */
function compute(codePoint: number): number {
  if (codePoint >= 0xd800 && codePoint < 0xe000) return SEPARATOR
  const character = String.fromCodePoint(codePoint)
  if (/[\p{M}\p{Cf}]/u.test(character)) return INVISIBLE
  const bare = (text: string) => text.normalize('NFKD').replace(/[\p{M}\p{Cf}]/gu, '')
  const letters = [...bare(bare(character).toLowerCase().toUpperCase().toLowerCase()).replaceAll('ς', 'σ')]
  // Forms with punctuation in them (⑴, ½), or of several words (㍻, ㋀), separate.
  if (letters.length === 0 || !letters.every((letter) => LETTER.test(letter))) return SEPARATOR
  const spaceless = letters.some((letter) => SPACELESS.test(letter))
  if (spaceless && letters.length > 1) return SEPARATOR
  const [first = ''] = letters
  if (letters.length === 1) return (first.codePointAt(0) ?? 0) | (spaceless ? ALONE : 0)
  sequences.push(letters.map((letter) => letter.codePointAt(0) ?? 0))
  return (sequences.length - 1) | MANY
}

/** The folded words of a short text: the words that `eachWordBlock` finds in its UTF-8. */
export function foldedWords(cell: string): string[] {
  const text = withoutEntities(cell)
  if (/^[\x00-\x7f]*$/.test(text)) return text.toLowerCase().match(/[a-z0-9]+/g) ?? []
  return splitWords(text, (_, fold) => String.fromCodePoint(...(fold & MANY ? foldSequence(fold) : [fold & ~ALONE])))
}

/** The same words as they are written, without what is invisible. */
export function writtenWords(text: string): string[] {
  return splitWords(withoutEntities(text), (character) => character)
}

function withoutEntities(text: string): string {
  return text.includes('&') ? text.replace(/&[#a-z0-9]{1,8};/gi, ' ') : text
}

function splitWords(text: string, show: (character: string, fold: number) => string): string[] {
  const words: string[] = []
  let word = ''
  const end = () => {
    if (word !== '') words.push(word)
    word = ''
  }
  for (const character of text) {
    const fold = foldOf(character.codePointAt(0) ?? 0)
    if (fold === SEPARATOR) end()
    if (fold === SEPARATOR || fold === INVISIBLE) continue
    if (fold & ALONE) end()
    word += show(character, fold)
    if (fold & ALONE) end()
  }
  end()
  return words
}
