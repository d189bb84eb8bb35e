/**
 * Numbers of lists and headings in Word documents (ISO 29500-1, 17.9; [MS-DOC] 2.9.131 for the old ones): readers see
 * them, though no run holds them. Counts through one story; bullets have no number. Pure.
 */
export interface NumberingReference {
  readonly numId: number
  readonly level: number
  /** The style that the reference came from; a level that names it wins over `level`. */
  readonly style?: string
}

/** What one level of a list looks like; `text` has `%1` to `%9` where numbers stand. */
export interface ListLevel {
  start: number
  format: string
  text: string
  style: string
  isLegal: boolean
  /** The level, counted from one, that makes this one begin anew; zero: none; null: any above it. */
  restart: number | null
}

export interface ListInstance {
  readonly abstractId: string
  /** Levels that this list defines anew. */
  readonly levels: Map<number, ListLevel>
  readonly starts: Map<number, number>
}

/** Lists as the document defines them: levels of abstract lists by their id, and lists that paragraphs refer to. */
export interface ListDefinitions {
  readonly abstract: ReadonlyMap<string, ReadonlyMap<number, ListLevel>>
  readonly lists: ReadonlyMap<number, ListInstance>
}

export const LIST_LEVELS = 9
const LABEL_MAX_CHARS = 256

export class ListNumbering {
  readonly #abstract: ListDefinitions['abstract']
  readonly #lists: ListDefinitions['lists']
  readonly #counters = new Map<string, (number | undefined)[]>()
  readonly #restarted = new Set<string>()

  constructor({ abstract, lists }: ListDefinitions) {
    this.#abstract = abstract
    this.#lists = lists
  }

  /** The number of the next paragraph of a list; empty where it shows none. */
  next(reference: NumberingReference): string {
    const list = this.#lists.get(reference.numId)
    if (!list) return ''
    const depth = this.#depthOf(list, reference)
    const level = this.#level(list, depth)
    if (!level) return ''
    const counters = this.#counters.get(list.abstractId) ?? new Array<number | undefined>(LIST_LEVELS).fill(undefined)
    this.#counters.set(list.abstractId, counters)
    for (let i = 0; i < depth; i++) counters[i] ??= this.#level(list, i)?.start ?? 1
    const override = list.starts.get(depth)
    const key = `${reference.numId}:${depth}`
    const current = counters[depth]
    if (override !== undefined && !this.#restarted.has(key)) {
      this.#restarted.add(key)
      counters[depth] = override
    } else counters[depth] = current === undefined ? level.start : current + 1
    for (let i = depth + 1; i < LIST_LEVELS; i++) {
      const restart = this.#level(list, i)?.restart ?? null
      if (restart === null || depth < restart) counters[i] = undefined
    }
    if (level.format === 'bullet' || level.format === 'none') return ''
    const label = level.text.replace(/%([1-9])/g, (_, digit: string) => {
      const at = Number(digit) - 1
      return format(counters[at] ?? 1, level.isLegal ? 'decimal' : (this.#level(list, at)?.format ?? 'decimal'))
    })
    return label.slice(0, LABEL_MAX_CHARS)
  }

  #depthOf(list: ListInstance, reference: NumberingReference): number {
    if (reference.style !== undefined) {
      for (let i = 0; i < LIST_LEVELS; i++) if (this.#level(list, i)?.style === reference.style) return i
    }
    return Math.max(0, Math.min(LIST_LEVELS - 1, Math.floor(reference.level) || 0))
  }

  #level(list: ListInstance, depth: number): ListLevel | undefined {
    return list.levels.get(depth) ?? this.#abstract.get(list.abstractId)?.get(depth)
  }
}

function format(value: number, kind: string): string {
  switch (kind) {
    case 'upperLetter':
      return letters(value)
    case 'lowerLetter':
      return letters(value).toLowerCase()
    case 'upperRoman':
      return roman(value)
    case 'lowerRoman':
      return roman(value).toLowerCase()
    case 'decimalZero':
      return String(value).padStart(2, '0')
    case 'ordinal':
      return `${value}${ordinalSuffix(value)}`
    case 'bullet':
    case 'none':
      return ''
    default:
      return String(value)
  }
}

/** A to Z, then AA, BB and so on, as Word counts. */
function letters(value: number): string {
  if (!(value >= 1 && value <= 26 * LABEL_MAX_CHARS)) return String(value)
  return String.fromCharCode(65 + ((value - 1) % 26)).repeat(Math.ceil(value / 26))
}

const ROMAN: readonly (readonly [number, string])[] = [
  [1000, 'M'],
  [900, 'CM'],
  [500, 'D'],
  [400, 'CD'],
  [100, 'C'],
  [90, 'XC'],
  [50, 'L'],
  [40, 'XL'],
  [10, 'X'],
  [9, 'IX'],
  [5, 'V'],
  [4, 'IV'],
  [1, 'I'],
]

function roman(value: number): string {
  if (!(value >= 1 && value <= 4999)) return String(value)
  let left = value
  let text = ''
  for (const [amount, mark] of ROMAN) {
    for (; left >= amount; left -= amount) text += mark
  }
  return text
}

function ordinalSuffix(value: number): string {
  const tens = value % 100
  if (tens >= 11 && tens <= 13) return 'th'
  switch (value % 10) {
    case 1:
      return 'st'
    case 2:
      return 'nd'
    case 3:
      return 'rd'
    default:
      return 'th'
  }
}
