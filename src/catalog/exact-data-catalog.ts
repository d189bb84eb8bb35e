/**
 * Exact-data indexes on disk: one file each, built in a stream from a CSV and published by an atomic rename. It holds
 * keyed hashes and sealed names only, and may be built on another machine that has the catalogue key.
 */
import { createHmac } from 'node:crypto'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { CODE_MAX_CHARS, WORDS_MAX } from '../detect/exact-data/cell-values.ts'
import { COMMON, type ExactDataIndex, PREFIX, ROWS_MAX } from '../detect/exact-data/exact-data-index.ts'
import type { FieldRules } from '../detect/exact-data/field-rules.ts'
import { nameKey, openWhole, sealWhole } from '../detect/fingerprint/sealed-name.ts'
import { FILTER_BITS_MAX, HashTableBuilder, sharedWords } from '../detect/hash-table.ts'
import { withCatalogLock } from './catalog-lock.ts'
import { ColumnFile, damaged, otherKey, writeColumnFile } from './column-file.ts'
import { csvRowBatches } from './csv-rows.ts'
import { TEMPORARY } from './durable-file.ts'
import { columnsWanted, type ExactDataSchema, exactDataSchema } from './exact-data-schema.ts'
import { ExactDataTable, failure } from './exact-data-table.ts'
import { bytesOf } from './fingerprint-segment.ts'

export interface ExactDataSummary {
  readonly name: string
  readonly rows: number
  /** Values that lead to a row. */
  readonly values: number
  readonly columns: readonly string[]
  readonly indexedAt: number
  /** Its file in the catalogue's folder, whose name tells nothing. */
  readonly file: string
}

/** What building one told. */
export interface ExactDataBuilt extends ExactDataSummary {
  /** Cells by column that hold something that can't be looked for: too long, too many words, no date, no digit. */
  readonly unusable: Readonly<Record<string, number>>
}

export interface IndexOptions {
  readonly onProgress?: (rows: number) => void
  /** All is read and the former index still in force. */
  readonly beforePublishing?: (rows: number) => Promise<void>
  /** The detection rules that columns have as their types; wanted where any has. */
  readonly fields?: FieldRules
}

const KIND = 'exact-data-2'
const SUFFIX = '.exact'
const NAME_HEX = 32
const PROGRESS_ROWS = 10_000
const PIECE_ENTRIES = 256 * 1024

const codeLength = z.number().int().positive().max(CODE_MAX_CHARS)
const headerSchema = z.strictObject({
  /** Sealed. */
  schema: z.string(),
  rows: z.number().int().positive().max(ROWS_MAX),
  hashes: z.number().int().nonnegative(),
  values: z.number().int().nonnegative(),
  indexedAt: z.number(),
  wordsMax: z.number().int().nonnegative().max(WORDS_MAX),
  wordFilterBits: z.number().int().nonnegative().max(FILTER_BITS_MAX),
  codeLengths: z.strictObject({ digits: z.array(codeLength), mixed: z.array(codeLength) }),
})
type Header = Omit<z.output<typeof headerSchema>, 'schema'> & { readonly schema: ExactDataSchema }

export class ExactDataCatalog {
  readonly #dir: string
  readonly #key: Uint8Array

  /** `key`: the installation's catalogue key. */
  constructor(dir: string, key: Uint8Array) {
    this.#dir = dir
    this.#key = key
  }

  /**
   * Replaces the index of that name. Throws `csv-malformed`, `column-missing`, `table-empty` and leaves the
   * old one.
   */
  async index(
    schema: ExactDataSchema,
    csv: AsyncIterable<Uint8Array>,
    now: number,
    { onProgress, beforePublishing, fields }: IndexOptions = {},
  ): Promise<ExactDataBuilt> {
    const table = new ExactDataTable(schema, this.#key, fields)
    let told = 0
    for await (const records of csvRowBatches(csv)) {
      for (const record of records) table.add(record)
      if (table.rows - told >= PROGRESS_ROWS) {
        told = table.rows
        onProgress?.(told)
      }
    }
    if (table.rows === 0) throw failure('table-empty', 'the table has a header and no rows')
    await beforePublishing?.(table.rows)
    const header = await this.#write(schema, table, now)
    const unusable = schema.columns.map(({ name }, i) => [name, table.unusable[i] ?? 0] as const)
    return { ...this.#summaryOf(header), unusable: Object.fromEntries(unusable.filter(([, count]) => count > 0)) }
  }

  async #write(schema: ExactDataSchema, table: ExactDataTable, now: number): Promise<Header> {
    const words = table.wordFilter()
    const { high, low, values } = table.sortedValues()
    let leading = 0
    for (let i = 0; i < values.length; i++) if ((values[i] as number) < table.rows) leading++
    const header: Header = {
      schema,
      rows: table.rows,
      hashes: high.length,
      values: leading,
      indexedAt: now,
      wordsMax: table.wordsMax,
      wordFilterBits: words.bits,
      codeLengths: { digits: ascending(table.digitLengths), mixed: ascending(table.mixedLengths) },
    }
    await mkdir(this.#dir, { recursive: true, mode: 0o700 })
    await withCatalogLock(this.#dir, async () => {
      // What a writer that crashed left behind; only the lock's holder can tell.
      for (const file of await readdir(this.#dir))
        if (file.endsWith(TEMPORARY) && file.includes(SUFFIX)) await rm(join(this.#dir, file), { force: true })
      await writeColumnFile(this.#dir, this.#fileOf(schema.name), KIND, columnBytes(header), async (writer) => {
        await writer.write('words', bytesOf(words.words))
        await writer.write('high', bytesOf(high))
        await writer.write('low', bytesOf(low))
        await writer.write('rows', bytesOf(values))
        for (const block of table.cells.blocks()) await writer.write('cells', bytesOf(block))
        return { ...header, schema: sealWhole(nameKey(this.#key), JSON.stringify(schema)) }
      })
    })
    return header
  }

  async list(): Promise<readonly ExactDataSummary[]> {
    const summaries: ExactDataSummary[] = []
    for (const file of await this.#files()) {
      const { columns, header } = await this.#open(file)
      await columns.close()
      summaries.push(this.#summaryOf(header))
    }
    return summaries.sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  async remove(name: string): Promise<boolean> {
    const file = this.#fileOf(name)
    if (!(await this.#files()).includes(file)) return false
    await rm(join(this.#dir, file))
    return true
  }

  /** Every index, with its tables in shared memory, and a revision that changes with any of them. */
  async open(): Promise<{ readonly indexes: readonly ExactDataIndex[]; readonly revision: string }> {
    const opened: { readonly index: ExactDataIndex; readonly stamp: string }[] = []
    for (const file of await this.#files()) {
      const { columns, header } = await this.#open(file)
      try {
        const stamp = `${header.schema.name}@${header.indexedAt.toString(36)}`
        opened.push({ index: await load(columns, header, file, this.#key), stamp })
      } finally {
        await columns.close()
      }
    }
    // In an order that people know: that of the files is the key's.
    opened.sort((a, b) => (a.index.name < b.index.name ? -1 : 1))
    return {
      indexes: opened.map(({ index }) => index),
      revision: opened.map(({ stamp }) => stamp).join('+') || 'none',
    }
  }

  /** Opens an index and checks its header; the caller closes it. */
  async #open(file: string): Promise<{ readonly columns: ColumnFile; readonly header: Header }> {
    const columns = await ColumnFile.open(this.#dir, file, KIND)
    try {
      const header = openHeader(columns.header, file, this.#key)
      if (this.#fileOf(header.schema.name) !== file) throw damaged(file)
      for (const [name, bytes] of Object.entries(columnBytes(header)))
        if (columns.bytesOf(name) !== bytes) throw damaged(file)
      return { columns, header }
    } catch (thrown) {
      await columns.close()
      throw thrown
    }
  }

  #fileOf(name: string): string {
    return `${createHmac('sha256', this.#key).update(`exact-data table\n${name}`).digest('hex').slice(0, NAME_HEX)}${SUFFIX}`
  }

  #summaryOf({ schema: { name, columns }, rows, values, indexedAt }: Header): ExactDataSummary {
    const names = columns.map((column) => column.name)
    return { name, rows, values, columns: names, indexedAt, file: this.#fileOf(name) }
  }

  async #files(): Promise<string[]> {
    const entries = await readdir(this.#dir).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return []
      throw error
    })
    return entries.filter((entry) => entry.endsWith(SUFFIX) && !entry.startsWith('.')).sort()
  }
}

function ascending(numbers: ReadonlySet<number>): number[] {
  return [...numbers].sort((a, b) => a - b)
}

function columnBytes({ rows, hashes, schema, wordFilterBits }: Header): Readonly<Record<string, number>> {
  return {
    words: 2 ** wordFilterBits * 4,
    high: hashes * 4,
    low: hashes * 2,
    rows: hashes * 4,
    cells: rows * schema.columns.length * 4,
  }
}

/** An index that was built under another key would find nothing, without a word. */
function openHeader(written: unknown, file: string, key: Uint8Array): Header {
  const { data } = headerSchema.safeParse(written)
  if (!data) throw damaged(file)
  const text = openWhole(nameKey(key), data.schema)
  if (text === null) throw otherKey(file)
  return { ...data, schema: exactDataSchema.parse(JSON.parse(text)) }
}

async function load(columns: ColumnFile, header: Header, file: string, key: Uint8Array): Promise<ExactDataIndex> {
  const builder = new HashTableBuilder(header.hashes)
  const lows = columns.pieces('low', PIECE_ENTRIES * 2)
  const rows = columns.pieces('rows', PIECE_ENTRIES * 4)
  for await (const high of columns.pieces('high', PIECE_ENTRIES * 4)) {
    const low = (await lows.next()).value as Uint8Array<ArrayBuffer>
    const row = (await rows.next()).value as Uint8Array<ArrayBuffer>
    const numbers = new Uint32Array(row.buffer, row.byteOffset, row.length / 4)
    for (let i = 0; i < numbers.length; i++) {
      const number = numbers[i] as number
      if (number >= header.rows && number !== COMMON && number !== PREFIX) throw damaged(file)
    }
    const ordered = builder.push(
      new Uint32Array(high.buffer, high.byteOffset, high.length / 4),
      new Uint16Array(low.buffer, low.byteOffset, low.length / 2),
      numbers,
    )
    if (!ordered) throw damaged(file)
  }
  const words = { bits: header.wordFilterBits, words: sharedWords(2 ** header.wordFilterBits) }
  await columns.read('words', new Uint8Array(words.words.buffer))
  const cells = sharedWords(header.rows * header.schema.columns.length)
  await columns.read('cells', new Uint8Array(cells.buffer))
  const { schema, wordsMax, codeLengths } = header
  return {
    name: schema.name,
    family: schema.family,
    columns: schema.columns,
    columnsMin: columnsWanted(schema),
    together: (schema.match.together ?? []).map((set) =>
      set.map((name) => schema.columns.findIndex((column) => column.name === name)),
    ),
    withinBytes: schema.match.within === 'part' ? Number.MAX_SAFE_INTEGER : schema.match.within,
    rows: header.rows,
    wordsMax,
    codeLengths,
    key,
    words,
    table: builder.finish(),
    cells,
  }
}
