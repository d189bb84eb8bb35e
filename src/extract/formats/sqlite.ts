import type { ExtractContext, Format, FormatInput } from '../format.ts'
import { RowWriter } from '../office/row-writer.ts'
import { BinaryValues } from '../readers/binary-values.ts'
import { carveLatin } from '../readers/carve-strings.ts'
import { SqliteFile, type SqliteValue } from '../readers/sqlite-file.ts'

/**
 * SQLite databases: each table with the names of its columns and its rows, cells apart by TAB; files in blobs are
 * children. Then what was deleted and not yet overwritten. A database that is damaged is read as far as it goes and told.
 */
export const sqlite: Format = {
  id: 'sqlite',
  types: ['application/vnd.sqlite3', 'application/x-sqlite3'],
  extract: (input, context) => extractSqlite(input, context),
}

async function extractSqlite(input: FormatInput, context: ExtractContext): Promise<void> {
  const bytes = Buffer.from(input.bytes.buffer, input.bytes.byteOffset, input.bytes.byteLength)
  const file = new SqliteFile(bytes, (size) => context.budget.inflate(size))
  const rows = new RowWriter(context)
  const blobs = new BinaryValues()
  try {
    const schema = file.schema()
    for (const table of schema) {
      rows.line(table.name)
      const columns = columnsOf(table.sql)
      if (columns.length > 0) writeRow(rows, columns, blobs)
      for (const row of table.root > 0 ? file.rowsOf(table.root) : []) writeRow(rows, row, blobs)
    }
    for (const { sql } of schema) rows.line(sql.replace(/\s+/g, ' '))
    for (const row of file.leftRows()) writeRow(rows, row, blobs)
    for (const gap of [...file.broken, ...file.gaps()]) for (const run of carveLatin(gap)) rows.line(run)
  } finally {
    rows.flush()
  }
  if (file.broken.size > 0) context.uninspected('corrupt', 'sqlite pages')
  await blobs.extract(context, 'blob')
}

function writeRow(rows: RowWriter, row: readonly SqliteValue[], blobs: BinaryValues): void {
  for (const [column, value] of row.entries()) {
    const text = Buffer.isBuffer(value) ? blobs.textOf(value) : value === null ? '' : String(value)
    rows.cell(column, text)
  }
  rows.endRow()
}

const COLUMN_CONSTRAINT = /^(?:constraint|primary|unique|check|foreign)\b/i

/** Names of the columns in a `CREATE TABLE`, in its order. */
function columnsOf(sql: string): string[] {
  const from = sql.indexOf('(')
  if (from < 0 || !/^\s*create\s+table\b/i.test(sql)) return []
  const columns: string[] = []
  for (const piece of topLevelPieces(sql.slice(from + 1))) {
    const [, quoted, bracketed, plain] = /^\s*(?:["'`]([^"'`]*)["'`]|\[([^\]]*)\]|([^\s,()]+))/.exec(piece) ?? []
    const name = quoted ?? bracketed ?? (plain && !COLUMN_CONSTRAINT.test(plain) ? plain : null)
    if (name) columns.push(name)
  }
  return columns
}

/** Cut at commas that stand in no brackets. */
function topLevelPieces(source: string): string[] {
  const pieces: string[] = []
  let depth = 0
  let start = 0
  for (let at = 0; at < source.length && depth >= 0; at++) {
    if (source[at] === '(') depth += 1
    else if (source[at] === ')') depth -= 1
    if ((source[at] === ',' && depth === 0) || depth < 0) {
      pieces.push(source.slice(start, at))
      start = at + 1
    }
  }
  return pieces
}
