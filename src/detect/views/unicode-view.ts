/**
 * Characters that look like ASCII or stand for it: compatibility forms (UAX 15, NFKC), decimal digits of every script,
 * letters of other scripts with a Latin look (after UTS 39) in words that mix scripts or consist of such letters alone,
 * and spaces and dashes between digits. Pure; each character is looked up once.
 */
import { isAscii } from 'node:buffer'
import type { Edit, View } from './view.ts'

// biome-ignore format: a table reads better in rows
const LOOKS_LIKE: ReadonlyMap<string, string> = new Map(
  [
    ['аАɑα', 'aAaa'], ['вВΒ', 'BBB'], ['сСϲϹ', 'cCcC'], ['еЕΕєЄ', 'eEEeE'], ['ԁԀ', 'dD'], ['һҺнНΗ', 'hHHHH'],
    ['іІїЇΙιӏӀ', 'iIiIIilI'], ['јЈ', 'jJ'], ['кКΚκ', 'kKKk'], ['ԛԚ', 'qQ'], ['мМΜ', 'MMM'], ['пη', 'nn'], ['Ν', 'N'],
    ['оОοΟՕօ', 'oOoOOo'], ['рРΡρ', 'pPPp'], ['ѕЅ', 'sS'], ['тТΤτ', 'TTTt'], ['υՍս', 'uUu'], ['ѵѴν', 'vVv'],
    ['ѡԝԜ', 'wwW'], ['хХΧχ', 'xXXx'], ['уУγΥүҮ', 'yYyYyY'], ['ΖᏃ', 'ZZ'], ['ɡԌ', 'gG'], ['ғҒ', 'fF'], ['ⅼ', 'l'],
    ['ОᎠ', 'OD'], ['зЗӠӡ', '3333'], ['бƄ', '6b'], ['чЧ', '44'], ['Ƨ', '2'], ['Ƽ', '5'], ['Α', 'A'], ['հոց', 'hng'],
    ['ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ', 'ABCDEFGHIJKLMNOPRSTUVWYZ'], ['ᎪᏴᏟᎬᏀᎻᎫᏦᏞᎷᏢᎡᏚᎢᏙᎳ', 'ABCEGHJKLMPRSTVW'],
    ['ꓮꓐꓚꓓꓰꓝꓖꓧꓲꓙꓗꓡꓠꓳꓑꓣꓢꓔꓴꓦꓪꓫꓬꓜ', 'ABCDEFGHIJKLNOPRSTUVWXYZ'], ['ⲀⲂⲈⲎⲒⲔⲘⲚⲞⲢⲤⲦⲨⲬ', 'ABEHIKMNOPCTYX'],
  ].flatMap(([from, to]) => [...(from ?? '')].map((letter, i) => [letter, (to ?? '')[i] ?? ''] as const)),
)

const SPACE = /[\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u2800\u3000]/
const DASH = /[\u2010-\u2015\u2043\u2212\ufe58\ufe63\uff0d\u00b7\u2022\u2027\u30fb]/

/** Enclosed characters that have no compatibility form: the first of a run, how many, and the ASCII of the first. */
const ENCLOSED: readonly (readonly [from: number, count: number, first: string])[] = [
  [0x24f5, 9, '1'],
  [0x24ff, 1, '0'],
  [0x2776, 9, '1'],
  [0x2780, 9, '1'],
  [0x278a, 9, '1'],
  [0x1f10b, 1, '0'],
  [0x1f10c, 1, '0'],
  [0x1f150, 26, 'A'],
  [0x1f170, 26, 'A'],
  [0x1f1e6, 26, 'A'],
]

const folds = new Map<number, string>()

export const unicodeView: View = {
  name: 'unicode',
  triggers: [],
  edit: () => null,
  editsOf(text) {
    const edits: Edit[] = []
    for (let at = nextNonAscii(text, 0); at < text.length; at = nextNonAscii(text, at)) {
      const length = characterLength(text[at] as number)
      const replacement = replacementAt(text, at, length)
      if (replacement !== null) edits.push({ start: at, end: at + length, replacement: Buffer.from(replacement) })
      at += length
    }
    return edits
  },
}

const CHUNK_BYTES = 1024

/** The first byte beyond ASCII at or behind `at`; the text's length when there is none. Whole chunks are skipped fast. */
export function nextNonAscii(text: Buffer, at: number): number {
  let from = at
  while (from < text.length) {
    const end = Math.min(text.length, from + CHUNK_BYTES)
    if ((text[from] as number) < 0x80 && isAscii(text.subarray(from, end))) {
      from = end
      continue
    }
    while (from < end && (text[from] as number) < 0x80) from++
    if (from < end) return from
  }
  return text.length
}

export function characterLength(lead: number): number {
  return lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1
}

/** The code point of the character at `at`, of `length` bytes. Malformed bytes give U+FFFD. */
export function codePointAt(text: Uint8Array, at: number, length: number): number {
  if (at + length > text.length || length === 1) return (text[at] as number) < 0x80 ? (text[at] as number) : 0xfffd
  let code = (text[at] as number) & (0xff >> (length + 1))
  for (let i = 1; i < length; i++) code = (code << 6) | ((text[at + i] as number) & 0x3f)
  return code <= 0x10ffff ? code : 0xfffd
}

function replacementAt(text: Buffer, at: number, length: number): string | null {
  const code = codePointAt(text, at, length)
  let fold = folds.get(code)
  if (fold === undefined) {
    fold = foldOf(String.fromCodePoint(code))
    folds.set(code, fold)
  }
  switch (fold) {
    case KEEP:
      return null
    case ' ':
    case '-':
      return besideDigit(text, at, at + length) ? fold : null
    case RAISED:
      return superscriptNumber(text, at) ? raisedDigit(code) : null
    default:
      if (fold.startsWith(HAN)) return runOfHanDigits(text, at) ? fold.slice(1) : null
      return fold.startsWith(LOOK) ? (mixedWord(text, at, length) ? fold.slice(1) : null) : fold
  }
}

const KEEP = '\0'
const LOOK = '\x01'
const RAISED = '\x02'
const HAN = '\x03'
const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹'
/** Shorter ones are exponents and notes. */
const RAISED_MIN = 4
/** Chinese numerals, plain and financial (Unihan kPrimaryNumeric and kAccountingNumeric), traditional forms included. */
const HAN_DIGITS: ReadonlyMap<string, string> = new Map(
  ['〇零', '一壹弌', '二贰貳', '三叁參', '四肆', '五伍', '六陆陸', '七柒', '八捌', '九玖'].flatMap((same, digit) =>
    [...same].map((character) => [character, String(digit)] as const),
  ),
)
/** Shorter runs are words, years and telephone codes. */
const HAN_DIGITS_MIN = 8

function foldOf(character: string): string {
  if (SPACE.test(character)) return ' '
  if (DASH.test(character)) return '-'
  const look = LOOKS_LIKE.get(character)
  if (look) return LOOK + look
  const digit = digitValue(character)
  if (digit !== null) return digit
  if (SUPERSCRIPTS.includes(character)) return RAISED
  const numeral = HAN_DIGITS.get(character)
  if (numeral !== undefined) return HAN + numeral
  // Fractions would join the number before them to a longer one.
  if (/[\u00bc-\u00be]/.test(character)) return KEEP
  const code = character.codePointAt(0) as number
  const run = ENCLOSED.find(([from, count]) => code >= from && code < from + count)
  if (run) return String.fromCharCode(run[2].charCodeAt(0) + code - run[0])
  const compatible = character.normalize('NFKC')
  return compatible !== character && /^[\x20-\x7e]+$/.test(compatible) ? compatible : KEEP
}

function raisedDigit(code: number): string {
  return String(SUPERSCRIPTS.indexOf(String.fromCodePoint(code)))
}

/** Whether the superscript at `at` is one of several that stand alone: behind a number or word it is an exponent. */
function superscriptNumber(text: Buffer, at: number): boolean {
  const isRaised = (i: number) =>
    (text[i] as number) >= 0xc0 &&
    SUPERSCRIPTS.includes(String.fromCodePoint(codePointAt(text, i, characterLength(text[i] as number))))
  const before = (i: number) => {
    let start = i - 1
    while (start > 0 && ((text[start] as number) & 0xc0) === 0x80) start--
    return start
  }
  let first = at
  while (at - first < WORD_MAX_BYTES && first > 0 && isRaised(before(first))) first = before(first)
  let end = at
  while (end - first < WORD_MAX_BYTES && end < text.length && isRaised(end)) end += characterLength(text[end] as number)
  return !isAlphanumeric(text[first - 1]) && [...text.toString('utf8', first, end)].length >= RAISED_MIN
}

/** Whether the numeral at `at`, of three bytes like all of them, is one of many in a row. */
function runOfHanDigits(text: Buffer, at: number): boolean {
  const isDigit = (i: number) => i >= 0 && i + 3 <= text.length && HAN_DIGITS.has(text.toString('utf8', i, i + 3))
  let count = 1
  for (let i = at - 3; count < HAN_DIGITS_MIN && isDigit(i); i -= 3) count++
  for (let i = at + 3; count < HAN_DIGITS_MIN && isDigit(i); i += 3) count++
  return count >= HAN_DIGITS_MIN
}

/** Decimal digits come in runs of ten, zero first (Unicode 4.6), so the value is the distance to the run's start. */
function digitValue(character: string): string | null {
  if (!/\p{Nd}/u.test(character)) return null
  const code = character.codePointAt(0) ?? 0
  // The five styles of mathematical digits are one run of fifty.
  if (code >= 0x1d7ce && code <= 0x1d7ff) return String((code - 0x1d7ce) % 10)
  let zero = code
  while (code - zero < 9 && /\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero--
  return String(code - zero)
}

function isAlphanumeric(byte: number | undefined): boolean {
  return byte !== undefined && /[0-9A-Za-z]/.test(String.fromCharCode(byte))
}

function besideDigit(text: Buffer, start: number, end: number): boolean {
  const before = text[start - 1]
  const after = text[end]
  if (!isAlphanumeric(before) && !(before !== undefined && before >= 0x80)) return false
  if (!isAlphanumeric(after) && !(after !== undefined && after >= 0x80)) return false
  return isAlphanumeric(before) || isAlphanumeric(after)
}

/** Whether the word about the letter has ASCII letters or digits, or nothing but letters with a Latin look. */
function mixedWord(text: Buffer, at: number, length: number): boolean {
  let alike = true
  for (const step of [-1, 1] as const) {
    let i = step < 0 ? at - 1 : at + length
    for (let seen = 0; seen < WORD_MAX_BYTES && i >= 0 && i < text.length; seen++) {
      const byte = text[i] as number
      if (isAlphanumeric(byte)) return true
      if (byte < 0x80) break
      if (byte >= 0xc0) {
        const size = characterLength(byte)
        if (!LOOKS_LIKE.has(String.fromCodePoint(codePointAt(text, i, size)))) alike = false
      }
      i += step
    }
  }
  return alike
}

const WORD_MAX_BYTES = 64
