import type { Inventory } from './inventory.ts'
import { resourcesOfPage } from './page-tree.ts'
import { dictOf, type PdfFile, type PdfObject, resolve, resolveDict } from './pdf-file.ts'
import { isDict, nameOf, type PdfDict, PdfName, PdfRef, PdfString, type PdfValue } from './pdf-value.ts'

/** Glyphs of letters and digits in another shape, `one.oldstyle`, which readers of text don't know (Adobe Glyph List, 2). */
export function hasShapedGlyphs(differences: PdfValue): boolean {
  return Array.isArray(differences) && differences.some((item) => item instanceof PdfName && isShaped(item.name))
}

function isShaped(name: string): boolean {
  const [base = '', shape] = name.split('.', 2)
  return shape !== undefined && (base in GLYPHS || /^[A-Za-z]$/.test(base))
}

/** The name of a glyph without what it says of its shape. */
export function glyphWithoutShape(name: string): string {
  return isShaped(name) ? (name.split('.', 1)[0] ?? name) : name
}

/**
 * Fonts of a PDF whose character map (`ToUnicode`), which readers of text believe, says other letters and digits than
 * their encoding, which the eye sees (ISO 32000-2, 9.10.2). Fonts with an encoding of their own tell nothing. Pure.
 */
export function hasLyingMap(file: PdfFile, inventory: Inventory): boolean {
  const codes = new Map<number, ReadonlyMap<number, string> | null>()
  return inventory.mappedFonts.some((font) => {
    const map = font.get('ToUnicode')
    const text = map instanceof PdfRef ? inventory.maps.get(map.number) : undefined
    if (!(map instanceof PdfRef) || text === undefined) return false
    const encoding = encodingOf(file, font)
    if (encoding.size === 0) return false
    // Fonts may share a map, which is read once.
    const mapped = codes.get(map.number) ?? (text.length > MAP_MAX_CHARS ? null : new Map(mappedCodes(text)))
    codes.set(map.number, mapped)
    return mapped === null || lies(mapped, encoding)
  })
}

/**
 * Places in `pages` of those whose text only the eye can tell: they use a font of glyph numbers without a character map,
 * or one whose glyphs are programs that show text themselves.
 */
export function pagesToLookAt(file: PdfFile, inventory: Inventory, pages: readonly PdfObject[]): Set<number> {
  const found = new Set<number>()
  const known = new Map<number, boolean>()
  const isBlind = (value: PdfValue): boolean => {
    const number = value instanceof PdfRef ? value.number : -1
    const answer = known.get(number) ?? isUnmapped(file, inventory, resolveDict(file, value))
    if (number >= 0) known.set(number, answer)
    return answer
  }
  /** Pages may share their fonts. */
  const looked = new Map<PdfDict, boolean>()
  for (const [i, page] of pages.entries()) {
    const fonts = resolveDict(file, resourcesOfPage(file, dictOf(page)).get('Font'))
    const answer = looked.get(fonts) ?? [...fonts.values()].some(isBlind)
    looked.set(fonts, answer)
    if (answer) found.add(i)
  }
  return found
}

function isUnmapped(file: PdfFile, inventory: Inventory, font: PdfDict): boolean {
  switch (nameOf(font.get('Subtype'))) {
    case 'Type0': {
      if (font.has('ToUnicode') || !/^Identity/.test(nameOf(resolve(file, font.get('Encoding'))))) return false
      const descendants = resolve(file, font.get('DescendantFonts'))
      const own = resolveDict(file, Array.isArray(descendants) ? descendants[0] : null)
      const ordering = resolveDict(file, own.get('CIDSystemInfo')).get('Ordering')
      // Registered collections, such as Japan1, have characters to their numbers.
      return !(ordering instanceof PdfString && /^(?:Japan|GB|CNS|Korea|KR)/.test(ordering.bytes))
    }
    case 'Type3':
      return [...resolveDict(file, font.get('CharProcs')).values()].some((glyph) => {
        const object = glyph instanceof PdfRef ? file.current.get(glyph.number) : undefined
        return object !== undefined && inventory.programs.get(object)?.showsText === true
      })
    default:
      return false
  }
}

const ENCODED_MIN = 0x30
const ENCODED_MAX = 0x7a

/** One with all codes of a byte has a few thousand; what is longer is taken for a lie, so that its pages are read again. */
export const MAP_MAX_CHARS = 1024 * 1024

/** Whether a code stands for something else where the encoding gives a letter or digit of ASCII. */
function lies(mapped: ReadonlyMap<number, string>, encoding: ReadonlyMap<number, string>): boolean {
  for (const [code, text] of mapped) {
    const shown = encoding.get(code)
    if (shown !== undefined && text !== shown && text.normalize('NFKC') !== shown) return true
  }
  return false
}

/** Letters and digits of a simple font by their code; empty where the font's own program decides. */
function encodingOf(file: PdfFile, font: PdfDict): Map<number, string> {
  const subtype = nameOf(font.get('Subtype'))
  if (!['Type1', 'MMType1', 'TrueType', 'Type3'].includes(subtype)) return new Map()
  const given = resolve(file, font.get('Encoding'))
  const base =
    given instanceof PdfName ? given.name : isDict(given) ? nameOf(resolve(file, given.get('BaseEncoding'))) : ''
  const isEmbedded = [...resolveDict(file, font.get('FontDescriptor')).keys()].some((key) => /^FontFile/.test(key))
  const isStandard = !isEmbedded && subtype !== 'Type3' && !/Symbol|Dingbats/.test(nameOf(font.get('BaseFont')))
  const encoding = new Map<number, string>()
  if (KNOWN_ENCODINGS.has(base) || (base === '' && isStandard)) {
    for (let code = ENCODED_MIN; code <= ENCODED_MAX; code++) {
      const char = String.fromCharCode(code)
      if (/[A-Za-z\d]/.test(char)) encoding.set(code, char)
    }
  }
  if (isDict(given)) applyDifferences(resolve(file, given.get('Differences')), encoding)
  return encoding
}

/** They agree about letters and digits of ASCII (annex D.2). */
const KNOWN_ENCODINGS: ReadonlySet<string> = new Set(['WinAnsiEncoding', 'MacRomanEncoding', 'StandardEncoding'])

function applyDifferences(differences: PdfValue, encoding: Map<number, string>): void {
  if (!Array.isArray(differences)) return
  let code = 0
  for (const item of differences) {
    if (typeof item === 'number') code = item
    else if (item instanceof PdfName) {
      const char = GLYPHS[item.name] ?? (/^[A-Za-z]$/.test(item.name) ? item.name : undefined)
      if (char === undefined) encoding.delete(code)
      else encoding.set(code, char)
      code += 1
    }
  }
}

/** Adobe Glyph List: names of the digits; letters are their own. */
const GLYPHS: Readonly<Record<string, string>> = Object.fromEntries(
  ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'].map((name, i) => [name, String(i)]),
)

/** Codes of one byte in a character map, with what they stand for; the last one of a code counts. */
function* mappedCodes(map: string): Generator<[number, string]> {
  for (const section of sections(map, 'bfchar')) {
    for (const [, code = '', to = ''] of section.matchAll(/<([\da-f]{2})>\s*<([\da-f]+)>/gi)) {
      yield [Number.parseInt(code, 16), unicode(to)]
    }
  }
  for (const section of sections(map, 'bfrange')) {
    for (const [, from = '', to = '', first = ''] of section.matchAll(RANGE)) {
      const start = Number.parseInt(from, 16)
      const base = unicode(first).charCodeAt(0)
      for (let code = start; code <= Number.parseInt(to, 16); code++)
        yield [code, String.fromCharCode(base + code - start)]
    }
    for (const [, from = '', list = ''] of section.matchAll(LIST)) {
      const start = Number.parseInt(from, 16)
      for (const [i, to] of [...list.matchAll(/<([\da-f]*)>/gi)].entries()) yield [start + i, unicode(to[1] ?? '')]
    }
  }
}

const RANGE = /<([\da-f]{2})>\s*<([\da-f]{2})>\s*<([\da-f]+)>/gi
const LIST = /<([\da-f]{2})>\s*<[\da-f]{2}>\s*\[([^[\]]{0,4096})\]/gi

function* sections(map: string, kind: string): Generator<string> {
  let end = 0
  for (let at = map.indexOf(`begin${kind}`); at >= 0; at = map.indexOf(`begin${kind}`, end)) {
    end = map.indexOf(`end${kind}`, at)
    if (end < 0) return
    yield map.slice(at, end)
  }
}

function unicode(hex: string): string {
  const raw = Buffer.from(hex.length % 4 === 2 ? `00${hex}` : hex, 'hex')
  return raw
    .subarray(0, raw.length & ~1)
    .swap16()
    .toString('utf16le')
}
