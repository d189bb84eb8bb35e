import { limits } from '../../core/limits.ts'
import { LIST_LEVELS, type ListDefinitions, type ListInstance, type ListLevel } from './list-numbering.ts'

/**
 * Lists of a Word 97 to 2003 document: PlfLst and PlfLfo of its table stream ([MS-DOC] 2.9.190, 2.9.189). Pure; a table
 * that breaks off gives the lists before the break.
 */
const LSTF_BYTES = 28
const LVLF_BYTES = 28
const LFO_BYTES = 16
const LFOLVL_BYTES = 8

/** `at`, `lfoAt`: where the two tables begin; levels stand right behind the first. */
export function readWordLists(table: Buffer, at: number, lfoAt: number, lfoLength: number): ListDefinitions {
  const abstract = new Map<string, Map<number, ListLevel>>()
  const lists = new Map<number, ListInstance>()
  try {
    readAbstract(table, at, abstract)
    readInstances(table, lfoAt, lfoLength, lists)
  } catch (thrown) {
    // Offsets past the end of the stream.
    if (!(thrown instanceof RangeError)) throw thrown
  }
  return { abstract, lists }
}

function readAbstract(table: Buffer, start: number, abstract: Map<string, Map<number, ListLevel>>): void {
  const count = Math.min(table.readUInt16LE(start), limits.extractRecordsMax)
  let at = start + 2 + count * LSTF_BYTES
  for (let i = 0; i < count; i++) {
    const list = start + 2 + i * LSTF_BYTES
    const levels = new Map<number, ListLevel>()
    abstract.set(String(table.readInt32LE(list)), levels)
    const isSimple = ((table[list + 26] ?? 0) & 1) !== 0
    for (let depth = 0; depth < (isSimple ? 1 : LIST_LEVELS); depth++) {
      const { level, next } = levelAt(table, at)
      levels.set(depth, { ...level, style: String(table.readUInt16LE(list + 8 + depth * 2)) })
      at = next
    }
  }
}

/** Numbers of lists count from one; changes of their levels stand behind all of them. */
function readInstances(table: Buffer, start: number, length: number, lists: Map<number, ListInstance>): void {
  if (length < 4) return
  const count = Math.min(table.readUInt32LE(start), Math.floor(length / LFO_BYTES), limits.extractRecordsMax)
  let at = start + 4 + count * LFO_BYTES
  for (let i = 0; i < count; i++) {
    const instance = start + 4 + i * LFO_BYTES
    const [levels, starts] = [new Map<number, ListLevel>(), new Map<number, number>()]
    lists.set(i + 1, { abstractId: String(table.readInt32LE(instance)), levels, starts })
    const changes = table[instance + 12] ?? 0
    // In front of the changes stands a field that nobody reads.
    at += 4
    for (let change = 0; change < changes; change++) {
      const flags = table.readUInt32LE(at + 4)
      const depth = flags & 0x0f
      if ((flags & 0x10) !== 0) starts.set(depth, table.readInt32LE(at))
      at += LFOLVL_BYTES
      if ((flags & 0x20) === 0) continue
      const { level, next } = levelAt(table, at)
      levels.set(depth, level)
      // The new level brings its own start.
      if ((flags & 0x10) !== 0) starts.set(depth, level.start)
      at = next
    }
  }
}

/** One level: numbers, the properties of its paragraphs and letters, and its text with places for numbers. */
function levelAt(table: Buffer, at: number): { level: ListLevel; next: number } {
  const flags = table[at + 5] ?? 0
  const textAt = at + LVLF_BYTES + (table[at + 24] ?? 0) + (table[at + 25] ?? 0)
  const characters = table.readUInt16LE(textAt)
  const next = textAt + 2 + characters * 2
  const raw = table.toString('utf16le', textAt + 2, next)
  const level = {
    start: table.readInt32LE(at),
    format: FORMATS[table[at + 4] ?? 0] ?? 'decimal',
    text: Array.from(raw, (letter) => (letter < '\t' ? `%${letter.charCodeAt(0) + 1}` : letter)).join(''),
    style: '',
    isLegal: (flags & 0x04) !== 0,
    restart: (flags & 0x08) !== 0 ? (table[at + 26] ?? 0) : null,
  }
  return { level, next }
}

/** MSONFC ([MS-OSHARED] 2.2.1.3), by the names that the newer format has for them. */
const FORMATS: Readonly<Record<number, string>> = {
  1: 'upperRoman',
  2: 'lowerRoman',
  3: 'upperLetter',
  4: 'lowerLetter',
  5: 'ordinal',
  22: 'decimalZero',
  23: 'bullet',
  255: 'none',
}
