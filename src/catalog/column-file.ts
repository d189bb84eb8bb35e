/**
 * A file of binary columns: MAGIC, the columns one after the other, then a trailer (JSON) that says where each is, with
 * its CRC-32, then the trailer's length and CRC-32 and MAGIC again. Columns may be written side by side, piece by piece.
 * Whatever is cut off, altered or of another kind is found while it is read: GatewayError `catalog-damaged`.
 */
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { z } from 'zod'
import { GatewayError } from '../core/errors.ts'
import { writeDurably } from './durable-file.ts'

const MAGIC = Buffer.from('SLUICE-COLUMNS-1')
const TAIL_BYTES = 8 + MAGIC.length
const TRAILER_MAX_BYTES = 16 * 1024 * 1024
const READ_BYTES = 4 * 1024 * 1024

const trailerSchema = z.strictObject({
  kind: z.string(),
  header: z.unknown(),
  columns: z.record(
    z.string(),
    z.strictObject({ offset: z.number().int().nonnegative(), bytes: z.number().int().nonnegative(), crc: z.number() }),
  ),
})

export interface ColumnWriter {
  /** Appends to a column; its bytes in all must be what was reserved. */
  write(column: string, bytes: Uint8Array): Promise<void>
}

/** `reserve`: the exact bytes of each column. `fill` may write them in any interleaving. The header is JSON. */
export async function writeColumnFile(
  dir: string,
  file: string,
  kind: string,
  reserve: Readonly<Record<string, number>>,
  fill: (writer: ColumnWriter) => Promise<unknown>,
): Promise<void> {
  await writeDurably(dir, file, async (handle) => {
    await handle.write(MAGIC, 0, MAGIC.length, 0)
    let end = MAGIC.length
    const columns = new Map<string, { offset: number; bytes: number; crc: number; written: number }>()
    for (const [name, bytes] of Object.entries(reserve)) {
      columns.set(name, { offset: end, bytes, crc: 0, written: 0 })
      end += bytes
    }
    const header = await fill({
      write: async (name, bytes) => {
        const column = columns.get(name)
        if (!column || column.written + bytes.length > column.bytes) throw new Error(`no room in column ${name}`)
        await writeAll(handle, bytes, column.offset + column.written)
        column.crc = crc32(bytes, column.crc)
        column.written += bytes.length
      },
    })
    for (const [name, { bytes, written }] of columns)
      if (written !== bytes) throw new Error(`column ${name} has ${written} bytes instead of ${bytes}`)
    const places = [...columns].map(([name, { offset, bytes, crc }]) => [name, { offset, bytes, crc }])
    const trailer = Buffer.from(JSON.stringify({ kind, header, columns: Object.fromEntries(places) }))
    const tail = Buffer.alloc(8)
    tail.writeUInt32LE(trailer.length, 0)
    tail.writeUInt32LE(crc32(trailer), 4)
    await writeAll(handle, Buffer.concat([trailer, tail, MAGIC]), end)
  })
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; )
    done += (await handle.write(bytes, done, bytes.length - done, position + done)).bytesWritten
}

/** An open file of columns. Close it. */
export class ColumnFile {
  readonly header: unknown
  readonly #handle: FileHandle
  readonly #name: string
  readonly #columns: z.output<typeof trailerSchema>['columns']

  private constructor(handle: FileHandle, name: string, trailer: z.output<typeof trailerSchema>) {
    this.#handle = handle
    this.#name = name
    this.header = trailer.header
    this.#columns = trailer.columns
  }

  static async open(dir: string, file: string, kind: string): Promise<ColumnFile> {
    const handle = await open(join(dir, file), 'r')
    try {
      const trailer = await readTrailer(handle)
      if (trailer?.kind !== kind) throw damaged(file)
      return new ColumnFile(handle, file, trailer)
    } catch (thrown) {
      await handle.close()
      throw thrown
    }
  }

  async close(): Promise<void> {
    await this.#handle.close()
  }

  bytesOf(column: string): number {
    return this.#place(column).bytes
  }

  /** Reads a whole column into memory that is there already, and checks it. */
  async read(column: string, into: Uint8Array): Promise<void> {
    if (into.length !== this.bytesOf(column)) throw damaged(this.#name)
    let at = 0
    for await (const piece of this.pieces(column, READ_BYTES)) {
      into.set(piece, at)
      at += piece.length
    }
  }

  /** The column in pieces of that size (a reused buffer), checked at its end. */
  async *pieces(column: string, size: number): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    const { offset, bytes, crc } = this.#place(column)
    const buffer = new Uint8Array(Math.min(size, bytes))
    let sum = 0
    for (let at = 0; at < bytes; ) {
      const piece = buffer.subarray(0, Math.min(size, bytes - at))
      for (let got = 0; got < piece.length; ) {
        const { bytesRead } = await this.#handle.read(piece, got, piece.length - got, offset + at + got)
        if (bytesRead === 0) throw damaged(this.#name)
        got += bytesRead
      }
      sum = crc32(piece, sum)
      at += piece.length
      if (at === bytes && sum !== crc) throw damaged(this.#name)
      yield piece
    }
  }

  #place(column: string): { offset: number; bytes: number; crc: number } {
    const place = this.#columns[column]
    if (!place) throw damaged(this.#name)
    return place
  }
}

async function readTrailer(handle: FileHandle): Promise<z.output<typeof trailerSchema> | null> {
  const { size } = await handle.stat()
  if (size < MAGIC.length + TAIL_BYTES) return null
  const head = Buffer.alloc(MAGIC.length)
  await handle.read(head, 0, head.length, 0)
  const tail = Buffer.alloc(TAIL_BYTES)
  await handle.read(tail, 0, TAIL_BYTES, size - TAIL_BYTES)
  const length = tail.readUInt32LE(0)
  if (
    !head.equals(MAGIC) ||
    !tail.subarray(8).equals(MAGIC) ||
    length > Math.min(TRAILER_MAX_BYTES, size - TAIL_BYTES - MAGIC.length)
  )
    return null
  const bytes = Buffer.alloc(length)
  await handle.read(bytes, 0, length, size - TAIL_BYTES - length)
  if (crc32(bytes) !== tail.readUInt32LE(4)) return null
  const { data } = trailerSchema.safeParse(JSON.parse(bytes.toString('utf8')))
  if (!data) return null
  const fits = Object.values(data.columns).every(({ offset, bytes: own }) => offset + own <= size)
  return fits ? data : null
}

/** The file is whole, and sealed under another key than this installation's. */
export function otherKey(file: string): GatewayError {
  const message = `the catalogue file ${file} was made under another catalog.key: put back the key it was made with, or remove the catalogue folder and register everything again`
  return new GatewayError('catalog-key', { temporary: false, publicMessage: message, message })
}

/** What the catalogue holds can't be read as what it was written as. */
export function damaged(file: string): GatewayError {
  const message = `the catalogue file ${file} is damaged: put it back from a backup, or remove the catalogue folder and register everything again`
  return new GatewayError('catalog-damaged', { temporary: false, publicMessage: message, message })
}
