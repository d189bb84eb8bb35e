/**
 * Exact-data indexes on disk: one file each, built in a stream from a CSV and published by an atomic rename. It holds
 * keyed hashes only, and may be built on another machine that has the catalogue key.
 */
import { randomUUID } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { GatewayError } from '../core/errors.ts'
import { canonicalCell } from '../detect/exact-data/cell-values.ts'
import {
  type ExactDataIndex,
  filterAdd,
  filterHash,
  filterSize,
  SLOT_WORDS,
  valueHash,
} from '../detect/exact-data/exact-data-index.ts'
import { csvRows } from './csv-rows.ts'
import type { ExactDataSchema } from './exact-data-schema.ts'
import { HashList } from './hash-list.ts'

export interface ExactDataSummary {
  readonly name: string
  readonly rows: number
  /** Values that lead to a row. */
  readonly values: number
  readonly columns: readonly string[]
  readonly indexedAt: number
}

interface Header extends ExactDataSummary {
  readonly version: 1
  readonly schema: ExactDataSchema
  readonly wordsMax: number
  readonly cells: number
}

/** A value that more rows share than this leads to none of them: it is a city, a first name, a product. */
const SHARED_ROWS_MAX = 16
const ROWS_MAX = 50_000_000
const MAGIC = 'SLUICE-EXACT-1\n'
const SUFFIX = '.exact'
const LOAD_MAX = 0.6

export class ExactDataCatalog {
  readonly #dir: string
  readonly #key: Uint8Array

  constructor(dir: string, key: Uint8Array) {
    this.#dir = dir
    this.#key = key
  }

  /** Replaces the index of that name. Throws `csv-malformed`, `column-missing`, `table-empty` and leaves the old one. */
  async index(
    schema: ExactDataSchema,
    csv: AsyncIterable<Uint8Array>,
    now: number,
    onProgress: (rows: number) => void = () => undefined,
  ): Promise<ExactDataSummary> {
    const table = new TableBuilder(schema, this.#key)
    for await (const record of csvRows(csv)) {
      table.add(record)
      if (table.rows % 10_000 === 0) onProgress(table.rows)
    }
    if (table.rows === 0) throw failure('table-empty', 'the table has a header and no rows')
    const header: Header = {
      version: 1,
      name: schema.name,
      rows: table.rows,
      values: table.values.length,
      columns: schema.columns.map((column) => column.name),
      indexedAt: now,
      schema,
      wordsMax: table.wordsMax,
      cells: table.rows * schema.columns.length,
    }
    await this.#publish(schema.name, header, table)
    return header
  }

  async list(): Promise<readonly ExactDataSummary[]> {
    return await Promise.all(
      (await this.#files()).map(async (file) => (await readIndexFile(join(this.#dir, file))).header),
    )
  }

  async remove(name: string): Promise<boolean> {
    const file = `${name}${SUFFIX}`
    if (!(await this.#files()).includes(file)) return false
    await rm(join(this.#dir, file))
    return true
  }

  /** Every index, with its tables in shared memory, and a revision that changes with any of them. */
  async open(): Promise<{ readonly indexes: readonly ExactDataIndex[]; readonly revision: string }> {
    const files = await this.#files()
    const indexes: ExactDataIndex[] = []
    const stamps: string[] = []
    for (const file of files) {
      const { header, values, cells } = await readIndexFile(join(this.#dir, file))
      indexes.push(assemble(header, values, cells, this.#key))
      stamps.push(`${header.name}@${header.indexedAt.toString(36)}`)
    }
    return { indexes, revision: stamps.join('+') || 'none' }
  }

  async #files(): Promise<string[]> {
    const entries = await readdir(this.#dir).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return []
      throw error
    })
    return entries.filter((entry) => entry.endsWith(SUFFIX) && !entry.startsWith('.')).sort()
  }

  async #publish(name: string, header: Header, table: TableBuilder): Promise<void> {
    await mkdir(this.#dir, { recursive: true, mode: 0o700 })
    const temporary = join(this.#dir, `.${name}.${randomUUID()}`)
    const handle = await open(temporary, 'wx', 0o600)
    try {
      await handle.write(`${MAGIC}${JSON.stringify(header)}\n`)
      for (const piece of [...table.values.chunks(), ...table.cells.chunks()]) await handle.write(piece)
      await handle.sync()
    } catch (thrown) {
      await rm(temporary, { force: true })
      throw thrown
    } finally {
      await handle.close()
    }
    await rename(temporary, join(this.#dir, `${name}${SUFFIX}`))
    const folder = await open(this.#dir, 'r')
    await folder.sync().finally(() => folder.close())
  }
}

/** Collects hashes row by row: four words a value (two hash halves, filter hash, row), one word a cell. */
class TableBuilder {
  readonly values = new HashList(VALUE_WORDS)
  readonly cells = new HashList(1)
  rows = 0
  wordsMax = 1
  readonly #schema: ExactDataSchema
  readonly #key: Uint8Array
  #positions: number[] | null = null

  constructor(schema: ExactDataSchema, key: Uint8Array) {
    this.#schema = schema
    this.#key = key
  }

  add(record: readonly string[]): void {
    if (this.#positions === null) {
      this.#positions = this.#header(record)
      return
    }
    if (this.rows >= ROWS_MAX) throw failure('table-too-large', `the table has more than ${ROWS_MAX} rows`)
    for (const [column, { kind }] of this.#schema.columns.entries()) {
      const cell = record[this.#positions[column] ?? -1] ?? ''
      const value = canonicalCell(kind, cell)
      if (value === null) {
        this.cells.push([0])
        continue
      }
      const { high, low } = valueHash(this.#key, kind, value)
      if (kind === 'words') this.wordsMax = Math.max(this.wordsMax, value.split(' ').length)
      this.cells.push([low])
      this.values.push([high, low, filterHash(this.#key, kind, value), this.rows])
    }
    this.rows++
  }

  #header(record: readonly string[]): number[] {
    return this.#schema.columns.map(({ name }) => {
      const at = record.findIndex((field) => field.trim().toLowerCase() === name.toLowerCase())
      if (at < 0)
        throw failure(
          'column-missing',
          `the table has no column \`${name}\`; it has ${record.map((f) => `\`${f}\``).join(', ')}`,
        )
      return at
    })
  }
}

const VALUE_WORDS = 4

async function readIndexFile(path: string): Promise<{ header: Header; values: Uint32Array; cells: Uint32Array }> {
  const bytes = await readFile(path)
  const end = bytes.indexOf(0x0a, MAGIC.length)
  if (end < 0 || bytes.toString('latin1', 0, MAGIC.length) !== MAGIC)
    throw failure('catalog-damaged', `${path} is no exact-data index`)
  const header = JSON.parse(bytes.toString('utf8', MAGIC.length, end)) as Header
  const words = header.values * VALUE_WORDS + header.cells
  if (bytes.length !== end + 1 + words * 4)
    throw failure('catalog-damaged', `${path} is cut off: index the table again`)
  const data = new Uint32Array(words)
  new Uint8Array(data.buffer).set(bytes.subarray(end + 1))
  return {
    header,
    values: data.subarray(0, header.values * VALUE_WORDS),
    cells: data.subarray(header.values * VALUE_WORDS),
  }
}

/** Tables for look-up. Values that too many rows share stay out of the slots; the filter and the cells know all. */
function assemble(header: Header, values: Uint32Array, cells: Uint32Array, key: Uint8Array): ExactDataIndex {
  const { schema, rows, wordsMax } = header
  const count = values.length / VALUE_WORDS
  const capacity = 2 ** Math.ceil(Math.log2(Math.max(16, count / LOAD_MAX)))
  const slots = new Uint32Array(new SharedArrayBuffer(capacity * SLOT_WORDS * 4))
  const filter = new Uint32Array(new SharedArrayBuffer(filterSize(count) * 4))
  const shared = new Uint32Array(new SharedArrayBuffer(cells.length * 4))
  shared.set(cells)
  const crowded = crowdedValues(values, capacity)
  for (let i = 0; i < values.length; i += VALUE_WORDS) {
    const high = values[i] ?? 0
    const low = values[i + 1] ?? 0
    filterAdd(filter, values[i + 2] ?? 0)
    if (crowded.has(low)) continue
    let slot = low & (capacity - 1)
    while (slots[slot * SLOT_WORDS + 2] !== 0) slot = (slot + 1) & (capacity - 1)
    slots.set([high, low, (values[i + 3] ?? 0) + 1], slot * SLOT_WORDS)
  }
  return {
    name: schema.name,
    family: schema.family,
    columns: schema.columns,
    columnsMin: schema.match.columns,
    withinBytes: schema.match.within,
    rows,
    wordsMax,
    key,
    filter,
    slots,
    cells: shared,
  }
}

/** Low halves of hashes that more than SHARED_ROWS_MAX rows have: one counting pass, then the exact count of suspects. */
function crowdedValues(values: Uint32Array, capacity: number): ReadonlySet<number> {
  const counts = new Uint8Array(capacity)
  for (let i = 0; i < values.length; i += VALUE_WORDS) {
    const at = (values[i + 1] ?? 0) & (capacity - 1)
    if ((counts[at] ?? 0) < 255) counts[at] = (counts[at] ?? 0) + 1
  }
  const exact = new Map<number, number>()
  for (let i = 0; i < values.length; i += VALUE_WORDS) {
    const low = values[i + 1] ?? 0
    if ((counts[low & (capacity - 1)] ?? 0) > SHARED_ROWS_MAX) exact.set(low, (exact.get(low) ?? 0) + 1)
  }
  return new Set([...exact].filter(([, count]) => count > SHARED_ROWS_MAX).map(([low]) => low))
}

function failure(code: string, message: string): GatewayError {
  return new GatewayError(code, { temporary: false, publicMessage: message, message })
}
