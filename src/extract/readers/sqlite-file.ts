import { limits } from '../../core/limits.ts'
import { ExtractLimitError } from '../format.ts'

/**
 * Rows of a SQLite 3 database (file format, https://www.sqlite.org/fileformat2.html): tables by their trees, and pages
 * that no tree holds any more, whose rows were deleted. Reads bytes alone, runs no SQL. Pages that make no sense are
 * kept in `broken`, never thrown for; what overflow chains come to is metered by the caller.
 */
export type SqliteValue = null | number | bigint | string | Buffer

export interface SqliteTable {
  readonly name: string
  readonly sql: string
  readonly root: number
}

interface Page {
  readonly bytes: Buffer
  /** Where the header of the tree page begins: behind that of the file on the first page. */
  readonly at: number
  readonly kind: number
}

const FILE_HEADER_BYTES = 100
/** SQLite makes no table with more (limits.html). */
const COLUMNS_MAX = 32_767
const INTERIOR_INDEX = 2
const INTERIOR_TABLE = 5
const LEAF_INDEX = 10
const LEAF_TABLE = 13

export class SqliteFile {
  /** Pages with rows that could not be read. */
  readonly broken = new Set<Buffer>()
  readonly #bytes: Buffer
  readonly #pageSize: number
  readonly #usable: number
  readonly #encoding: 'utf8' | 'utf16le' | 'utf16be'
  readonly #seen = new Set<number>()
  readonly #meter: (bytes: number) => boolean

  /** `meter` takes bytes off a budget; false when there are none left. Throws RangeError for what is no database. */
  constructor(bytes: Buffer, meter: (bytes: number) => boolean) {
    const stated = bytes.readUInt16BE(16)
    this.#bytes = bytes
    this.#meter = meter
    this.#pageSize = stated === 1 ? 65_536 : stated
    this.#usable = this.#pageSize - (bytes[20] ?? 0)
    this.#encoding = (['utf8', 'utf16le', 'utf16be'] as const)[bytes.readUInt32BE(56) - 1] ?? 'utf8'
    if (this.#pageSize < 512 || this.#usable < 480) throw new RangeError('page size')
  }

  get pages(): number {
    return Math.ceil(this.#bytes.length / this.#pageSize)
  }

  /** The table of tables. */
  schema(): SqliteTable[] {
    const tables: SqliteTable[] = []
    for (const [type, name, , root, sql] of this.rowsOf(1)) {
      if (typeof name !== 'string') continue
      if (tables.length >= limits.extractPartsMax) throw new ExtractLimitError('too-many', 'tables')
      tables.push({ name, sql: typeof sql === 'string' ? sql : '', root: type === 'table' ? Number(root) : 0 })
    }
    return tables
  }

  /** Rows of the tree under a page, in order. */
  *rowsOf(root: number): Generator<SqliteValue[]> {
    const open = [root]
    while (open.length > 0) {
      const number = open.pop() ?? 0
      if (number < 1 || number > this.pages || this.#seen.has(number)) continue
      this.#seen.add(number)
      const page = this.#page(number)
      if (page.kind === INTERIOR_TABLE || page.kind === INTERIOR_INDEX) open.push(...this.#childrenOf(page).reverse())
      if (page.kind !== INTERIOR_TABLE) yield* this.#rowsOn(page)
    }
  }

  /** Rows on pages that `rowsOf` did not come by: those of tables that were dropped or have shrunk. */
  *leftRows(): Generator<SqliteValue[]> {
    for (let number = 1; number <= this.pages; number++) {
      if (this.#seen.has(number)) continue
      const page = this.#page(number)
      if (page.kind === LEAF_TABLE) yield* this.#rowsOn(page)
    }
  }

  /** Space of tree pages that no cell takes: deleted rows stay there until it is needed. */
  *gaps(): Generator<Buffer> {
    for (let number = 1; number <= this.pages; number++) {
      const { bytes, at, kind } = this.#page(number)
      if (kind !== LEAF_TABLE || at + 8 > bytes.length) continue
      const from = at + 8 + bytes.readUInt16BE(at + 3) * 2
      const to = Math.min(this.#usable, bytes.readUInt16BE(at + 5) || 65_536)
      if (to > from) yield bytes.subarray(from, to)
      yield* freeBlocks(bytes, at)
    }
  }

  #page(number: number): Page {
    const bytes = this.#bytes.subarray((number - 1) * this.#pageSize, number * this.#pageSize)
    const at = number === 1 ? FILE_HEADER_BYTES : 0
    const kind = bytes[at] ?? 0
    return { bytes, at, kind }
  }

  #cellsOf({ bytes, at, kind }: Page): number[] {
    const pointers = at + (kind === LEAF_TABLE || kind === LEAF_INDEX ? 8 : 12)
    if (pointers > bytes.length) return []
    const count = Math.min(bytes.readUInt16BE(at + 3), Math.floor((bytes.length - pointers) / 2))
    return Array.from({ length: count }, (_, i) => bytes.readUInt16BE(pointers + i * 2))
  }

  #childrenOf(page: Page): number[] {
    const children = this.#cellsOf(page)
      .filter((cell) => cell + 4 <= page.bytes.length)
      .map((cell) => page.bytes.readUInt32BE(cell))
    if (page.at + 12 <= page.bytes.length) children.push(page.bytes.readUInt32BE(page.at + 8))
    return children
  }

  *#rowsOn(page: Page): Generator<SqliteValue[]> {
    if (![LEAF_TABLE, LEAF_INDEX, INTERIOR_INDEX].includes(page.kind)) {
      this.broken.add(page.bytes)
      return
    }
    for (const cell of this.#cellsOf(page)) {
      const row = this.#row(page, cell)
      if (row) yield row
      else this.broken.add(page.bytes)
    }
  }

  #row(page: Page, cell: number): SqliteValue[] | null {
    const { bytes, kind } = page
    try {
      const size = varint(bytes, kind === INTERIOR_INDEX ? cell + 4 : cell)
      const start = kind === LEAF_TABLE ? varint(bytes, size.end) : size
      return this.#record(this.#payload(bytes, start.end, size.value, kind === LEAF_TABLE), start.value)
    } catch (thrown) {
      if (thrown instanceof ExtractLimitError) throw thrown
      return null
    }
  }

  /** The bytes of a cell, with those that did not fit on its page. */
  #payload(page: Buffer, from: number, size: number, isTable: boolean): Buffer {
    const usable = this.#usable
    const most = isTable ? usable - 35 : Math.floor(((usable - 12) * 64) / 255) - 23
    if (size <= most) return page.subarray(from, from + size)
    const least = Math.floor(((usable - 12) * 32) / 255) - 23
    const wanted = least + ((size - least) % (usable - 4))
    const local = wanted <= most ? wanted : least
    if (size > this.#bytes.length) throw new RangeError('payload')
    if (size > limits.extractEntryMaxBytes || !this.#meter(size)) throw new ExtractLimitError('too-large', 'sqlite')
    const pieces = [page.subarray(from, from + local)]
    let left = size - local
    let next = page.readUInt32BE(from + local)
    for (; left > 0 && next > 0 && next <= this.pages; ) {
      this.#seen.add(next)
      const bytes = this.#page(next).bytes
      const piece = bytes.subarray(4, Math.min(usable, 4 + left))
      if (piece.length === 0) break
      pieces.push(piece)
      left -= piece.length
      next = bytes.readUInt32BE(0)
    }
    return Buffer.concat(pieces)
  }

  /** An integer that is the key of its row is stored as nothing. */
  #record(payload: Buffer, key: number): SqliteValue[] {
    const head = varint(payload, 0)
    if (head.value > payload.length) throw new RangeError('record')
    const values: SqliteValue[] = []
    let body = head.value
    for (let at = head.end; at < head.value; ) {
      if (values.length >= COLUMNS_MAX) throw new RangeError('columns')
      const type = varint(payload, at)
      at = type.end
      const length = lengthOf(type.value)
      const value = this.#value(payload.subarray(body, body + length), type.value)
      values.push(value === null && values.length === 0 ? key : value)
      body += length
    }
    return values
  }

  #value(bytes: Buffer, type: number): SqliteValue {
    if (type === 0 || type === 10 || type === 11) return null
    if (type === 8 || type === 9) return type - 8
    if (type === 7) return bytes.length === 8 ? bytes.readDoubleBE(0) : null
    if (type <= 6) return bytes.length === 8 ? bytes.readBigInt64BE(0) : bytes.readIntBE(0, bytes.length)
    if (type % 2 === 0) return bytes
    if (this.#encoding === 'utf8') return bytes.toString('utf8')
    const even = Buffer.from(bytes.subarray(0, bytes.length & ~1))
    return (this.#encoding === 'utf16be' ? even.swap16() : even).toString('utf16le')
  }
}

/** Blocks between cells that were given back, in the order of their places; one that overlaps the next ends them. */
function* freeBlocks(page: Buffer, at: number): Generator<Buffer> {
  for (let block = page.readUInt16BE(at + 1); block > 0 && block + 4 <= page.length; ) {
    const end = block + page.readUInt16BE(block + 2)
    yield page.subarray(block + 4, end)
    const next = page.readUInt16BE(block)
    if (next < end || next < block + 4) return
    block = next
  }
}

/** Bytes of a value by its serial type. */
function lengthOf(type: number): number {
  if (type >= 12) return Math.floor((type - 12) / 2)
  return [0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0][type] ?? 0
}

/** Up to nine bytes of seven bits, the highest first. Larger values than a double holds are nobody's length. */
function varint(bytes: Buffer, from: number): { value: number; end: number } {
  let value = 0
  for (let at = from; at < from + 8; at++) {
    const byte = bytes[at]
    if (byte === undefined) throw new RangeError('varint')
    value = value * 128 + (byte & 127)
    if (byte < 128) return { value, end: at + 1 }
  }
  return { value: value * 256 + (bytes[from + 8] ?? 0), end: from + 9 }
}
