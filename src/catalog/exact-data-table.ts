/** Records of a table -> keyed hashes of its cells, and which of them lead to a row. Equal values are hashed once. */
import { GatewayError } from '../core/errors.ts'
import { type CellKind, canonicalCell } from '../detect/exact-data/cell-values.ts'
import {
  COMMON,
  fieldOf,
  PREFIX,
  ROWS_MAX,
  type ValueHash,
  ValueHasher,
} from '../detect/exact-data/exact-data-index.ts'
import type { FieldRules } from '../detect/exact-data/field-rules.ts'
import { addHash, type WordFilterKey, wordFilterKey, wordHash } from '../detect/exact-data/word-filter.ts'
import { type HashFilter, hashFilter } from '../detect/hash-table.ts'
import type { ExactDataSchema } from './exact-data-schema.ts'
import { HashCollector, type HashColumns } from './sort-hashes.ts'
import { WordList } from './word-list.ts'

/** A value that more rows share than this leads to none of them: it is a city, a first name, a product. */
export const SHARED_ROWS_MAX = 16
/** Values of one column that are remembered; then it starts anew, so that a column of numbers costs little memory. */
const REMEMBERED_MAX = 50_000
/** Repeats for each cell remembered that make it worth while. */
const REPEATS_MIN = 0.2

interface Remembered {
  readonly hash: ValueHash
  /** Rows put down for it since it was remembered. */
  rows: number
}

interface Column {
  readonly kind: CellKind
  readonly rule: string | undefined
  readonly position: number
  /** By the cell as written; null where it holds nothing to be found by. */
  readonly known: Map<string, Remembered | null>
  /** How often a cell was remembered since the memory was begun. */
  repeats: number
  /** Hardly any cell comes twice (a column of numbers): remembering costs more than it spares. */
  unique: boolean
}

export class ExactDataTable {
  readonly cells = new WordList()
  rows = 0
  wordsMax = 0
  readonly digitLengths = new Set<number>()
  readonly mixedLengths = new Set<number>()
  /** For each column how many cells hold something that can't be looked for. */
  readonly unusable: number[]
  readonly #schema: ExactDataSchema
  readonly #hasher: ValueHasher
  readonly #values = new HashCollector()
  /** First words of `words` values, each once as far as they are remembered, and of longer values alone. */
  readonly #firstWords = new Set<string>()
  readonly #prefixes = new Set<string>()
  readonly #wordHashes = new WordList()
  readonly #wordKey: WordFilterKey
  readonly #fields: FieldRules | undefined
  #columns: readonly Column[] | null = null

  /** `fields`: knows the rules that columns name; without it their cells hold nothing that could be found. */
  constructor(schema: ExactDataSchema, key: Uint8Array, fields: FieldRules | undefined) {
    this.#fields = fields
    this.#schema = schema
    this.#hasher = new ValueHasher(key)
    this.#wordKey = wordFilterKey(key)
    this.unusable = schema.columns.map(() => 0)
  }

  /** The first record is the header. Throws GatewayError `column-missing`, `table-too-large`. */
  add(record: readonly string[]): void {
    if (this.#columns === null) {
      this.#columns = this.#header(record)
      return
    }
    if (this.rows >= ROWS_MAX) throw failure('table-too-large', `the table has more than ${ROWS_MAX} rows`)
    for (let i = 0; i < this.#columns.length; i++) {
      const column = this.#columns[i] as Column
      const cell = record[column.position] ?? ''
      const value = cell === '' ? null : this.#hashOf(column, cell)
      this.cells.push(value?.hash.cell ?? 0)
      if (value && value.rows <= SHARED_ROWS_MAX) {
        value.rows++
        this.#values.push(value.hash.high, value.hash.low, this.rows)
      } else if (!value && cell.trim() !== '') this.unusable[i] = (this.unusable[i] ?? 0) + 1
    }
    this.rows++
  }

  #hashOf(column: Column, cell: string): Remembered | null {
    const { kind, rule, known } = column
    const before = column.unique ? undefined : known.get(cell)
    if (before !== undefined) {
      column.repeats++
      return before
    }
    const value = rule === undefined || this.#fields?.accepts(rule, cell) ? canonicalCell(kind, cell) : null
    if (value !== null && rule === undefined) this.#note(kind, value)
    const fresh = value === null ? null : { hash: this.#hasher.hash(fieldOf(column), value), rows: 0 }
    if (column.unique) return fresh
    if (known.size >= REMEMBERED_MAX) {
      column.unique = column.repeats < REMEMBERED_MAX * REPEATS_MIN
      column.repeats = 0
      known.clear()
    }
    // A field is a slice of what was read: as a key it would keep all of that in memory.
    known.set(Buffer.from(cell).toString(), fresh)
    return fresh
  }

  #note(kind: CellKind, value: string): void {
    if (kind === 'code') (/^[0-9]+$/.test(value) ? this.digitLengths : this.mixedLengths).add(value.length)
    if (kind !== 'words') return
    const space = value.indexOf(' ')
    this.wordsMax = Math.max(this.wordsMax, space < 0 ? 1 : value.split(' ').length)
    const first = space < 0 ? value : value.slice(0, space)
    if (isNew(this.#firstWords, first)) this.#wordHashes.push(wordHash(this.#wordKey, first))
    if (space < 0 || !isNew(this.#prefixes, first)) return
    const { prefixHigh, prefixLow } = this.#hasher.hash('words', first)
    this.#values.push(prefixHigh, prefixLow, PREFIX)
  }

  #header(record: readonly string[]): Column[] {
    return this.#schema.columns.map(({ name, kind, rule }) => {
      const position = record.findIndex((field) => field.trim().toLowerCase() === name.toLowerCase())
      if (position < 0) {
        const others = record.map((field) => `\`${field.trim()}\``).join(', ')
        throw failure('column-missing', `the table has no column \`${name}\`; it has ${others}`)
      }
      return { kind, rule, position, known: new Map(), repeats: 0, unique: false }
    })
  }

  /** The first words of `words` values. */
  wordFilter(): HashFilter {
    const filter = hashFilter(this.#wordHashes.length)
    for (const block of this.#wordHashes.blocks()) for (const hash of block) addHash(filter, hash)
    return filter
  }

  /** Hashes in order, with their rows, COMMON or PREFIX. The table is spent. */
  sortedValues(): HashColumns {
    return withCommon(this.#values.sorted())
  }
}

/** Whether a word was not remembered; now it is. */
function isNew(remembered: Set<string>, word: string): boolean {
  if (remembered.has(word)) return false
  if (remembered.size >= REMEMBERED_MAX) remembered.clear()
  remembered.add(word)
  return true
}

/** Replaces the rows of each value that too many have by COMMON. */
function withCommon({ high, low, values }: HashColumns): HashColumns {
  let kept = 0
  for (let from = 0; from < high.length; ) {
    let to = from + 1
    while (to < high.length && high[to] === high[from] && low[to] === low[from]) to++
    const common = to - from > SHARED_ROWS_MAX
    for (let i = from; i < (common ? from + 1 : to); i++) {
      high[kept] = high[i] as number
      low[kept] = low[i] as number
      values[kept++] = common ? COMMON : (values[i] as number)
    }
    from = to
  }
  return { high: high.subarray(0, kept), low: low.subarray(0, kept), values: values.subarray(0, kept) }
}

export function failure(code: string, message: string): GatewayError {
  return new GatewayError(code, { temporary: false, publicMessage: message, message })
}
