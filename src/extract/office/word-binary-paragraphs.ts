import type { NumberingReference } from './list-numbering.ts'

/**
 * Which list a paragraph of a Word 97 to 2003 document belongs to, by the properties of the paragraph and of its style
 * ([MS-DOC] 2.4.6.1, 2.9.174, 2.9.271). Pure; never throws: what can't be followed belongs to no list.
 */
export interface WordParagraphs {
  /** List of the paragraph whose mark stands at byte `offset` of the main stream. */
  listAt(offset: number): NumberingReference | null
}

const PAGE_BYTES = 512
const PAGE_NUMBER_MASK = 0x3fffff
const BX_BYTES = 13
const SPRM_LEVEL = 0x260a
const SPRM_LIST = 0x460b
const SPRM_TABLE = 0xd608
const STYLE_PARAGRAPH = 1
const STYLE_OF_USER = 0xffe
const NO_STYLE = 0xfff
/** Styles based on styles: Word's own limit is ten or so. */
const INHERITANCE_MAX = 16
/** "No list", said by a paragraph whose style has one. */
const NO_LISTS = new Set([0, 0xf801])

interface Listed {
  readonly list: number | null
  readonly level: number | null
}

interface Style extends Listed {
  readonly basedOn: number
}

/** `places`: the table of pages of paragraph properties; `styles`: the style sheet. */
export function readWordParagraphs(main: Buffer, places: Buffer, styles: Buffer): WordParagraphs {
  const sheet = readStyles(styles)
  const count = Math.floor((places.length - 4) / 8)
  return {
    listAt(offset) {
      const page = lastNotAbove(offset, count, (i) => places.readUInt32LE(i * 4))
      if (page < 0) return null
      const number = places.readUInt32LE((count + 1) * 4 + page * 4) & PAGE_NUMBER_MASK
      const properties = propertiesAt(main, number * PAGE_BYTES, offset)
      if (properties === null || properties.length < 2) return null
      return referenceOf(properties.readUInt16LE(0), listedIn(properties.subarray(2)), sheet)
    },
  }
}

function referenceOf(style: number, own: Listed, sheet: ReadonlyMap<number, Style>): NumberingReference | null {
  if (own.list !== null) return NO_LISTS.has(own.list) ? null : { numId: own.list, level: own.level ?? 0 }
  let next = style
  for (let i = 0; i < INHERITANCE_MAX; i++) {
    const found = sheet.get(next)
    if (!found) return null
    if (found.list !== null) {
      if (NO_LISTS.has(found.list)) return null
      const level = own.level ?? found.level ?? 0
      return own.level === null ? { numId: found.list, level, style: String(next) } : { numId: found.list, level }
    }
    next = found.basedOn
  }
  return null
}

/** Index of the last of `count` rising values that is not above `wanted`; -1 where all are. */
function lastNotAbove(wanted: number, count: number, valueAt: (i: number) => number): number {
  let low = 0
  let high = count
  while (low < high) {
    const middle = (low + high) >> 1
    if (valueAt(middle) <= wanted) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** Style and property modifiers of the paragraph at `offset`, from the page that begins at `page`. */
function propertiesAt(main: Buffer, page: number, offset: number): Buffer | null {
  if (page + PAGE_BYTES > main.length) return null
  const count = main[page + PAGE_BYTES - 1] ?? 0
  if ((count + 1) * 4 + count * BX_BYTES > PAGE_BYTES) return null
  const index = lastNotAbove(offset, count, (i) => main.readUInt32LE(page + i * 4))
  const place = index < 0 ? 0 : (main[page + (count + 1) * 4 + index * BX_BYTES] ?? 0) * 2
  if (place === 0) return null
  const words = main[page + place] ?? 0
  // Zero words: the number of them stands in the next byte, else one byte is missing to the last of them.
  const start = page + place + (words === 0 ? 2 : 1)
  const length = words === 0 ? (main[page + place + 1] ?? 0) * 2 : words * 2 - 1
  return main.subarray(start, Math.min(start + length, page + PAGE_BYTES))
}

/** The list and level that property modifiers set ([MS-DOC] 2.6.2). */
function listedIn(modifiers: Buffer): Listed {
  let list: number | null = null
  let level: number | null = null
  for (let at = 0; at + 3 <= modifiers.length; ) {
    const sprm = modifiers.readUInt16LE(at)
    at += 2
    if (sprm === SPRM_LEVEL) level = modifiers[at] ?? 0
    if (sprm === SPRM_LIST && at + 2 <= modifiers.length) list = modifiers.readUInt16LE(at)
    at += operandBytes(modifiers, sprm, at)
  }
  return { list, level }
}

/** The three highest bits of a modifier tell how long its operand is. */
function operandBytes(modifiers: Buffer, sprm: number, at: number): number {
  switch (sprm >> 13) {
    case 0:
    case 1:
      return 1
    case 3:
      return 4
    case 6:
      if (sprm === SPRM_TABLE) return at + 2 <= modifiers.length ? modifiers.readUInt16LE(at) + 1 : 2
      return (modifiers[at] ?? 0) + 1
    case 7:
      return 3
    default:
      return 2
  }
}

/** Names of the styles that the authors of a document made, not of those that come with Word. */
export function ownStyleNames(sheet: Buffer): string[] {
  const names: string[] = []
  for (const { definition, baseSize } of definitionsOf(sheet)) {
    const end = endOfName(definition, baseSize)
    if (end !== null && (definition.readUInt16LE(0) & 0xfff) === STYLE_OF_USER)
      names.push(definition.toString('utf16le', baseSize + 2, end - 2))
  }
  return names
}

function readStyles(sheet: Buffer): Map<number, Style> {
  const styles = new Map<number, Style>()
  for (const { number, definition, baseSize } of definitionsOf(sheet)) {
    const style = styleOf(definition, baseSize)
    if (style) styles.set(number, style)
  }
  return styles
}

/** Definitions of the style sheet, STSH ([MS-DOC] 2.9.271), behind its head. */
function* definitionsOf(sheet: Buffer): Generator<{ number: number; definition: Buffer; baseSize: number }> {
  if (sheet.length < 8) return
  const count = sheet.readUInt16LE(2)
  const baseSize = sheet.readUInt16LE(4)
  let at = 2 + sheet.readUInt16LE(0)
  for (let number = 0; number < count && at + 2 <= sheet.length; number++) {
    const size = sheet.readUInt16LE(at)
    if (size > 0) yield { number, definition: sheet.subarray(at + 2, at + 2 + size), baseSize }
    at += 2 + size
  }
}

/** Behind the fixed fields stands the name, its length in front and a zero at its end. */
function endOfName(definition: Buffer, baseSize: number): number | null {
  if (baseSize < 10 || definition.length < baseSize + 2) return null
  const end = baseSize + 2 + definition.readUInt16LE(baseSize) * 2 + 2
  return end <= definition.length ? end : null
}

function styleOf(definition: Buffer, baseSize: number): Style | null {
  const at = endOfName(definition, baseSize)
  if (at === null) return null
  const kind = definition.readUInt16LE(2)
  if ((kind & 0x0f) !== STYLE_PARAGRAPH) return null
  const basedOn = kind >> 4 === NO_STYLE ? -1 : kind >> 4
  if (at + 4 > definition.length) return { list: null, level: null, basedOn }
  // Modifiers of paragraphs come first: their length, the style, then they.
  const modifiers = definition.subarray(at + 4, at + 2 + definition.readUInt16LE(at))
  return { ...listedIn(modifiers), basedOn }
}
