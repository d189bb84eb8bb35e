import { limits } from '../../core/limits.ts'
import type { ExtractContext } from '../format.ts'
import { EXCEL_DEFAULT_PASSWORD, POWERPOINT_DEFAULT_PASSWORD } from './default-passwords.ts'
import { type BlockKeys, decryptBlocks, openHeader, openXor, rc4, unmask } from './legacy-ciphers.ts'

/**
 * Opens Word, Excel and PowerPoint files to 2003 with the passwords that Office tries itself and those of the policy:
 * their streams as they would stand without encryption. Null where no password fits. Never throws for its input.
 */
type PasswordSource = Pick<ExtractContext, 'passwords' | 'budget'>

function firstThatOpens<T>(
  source: PasswordSource,
  open: (password: string) => T | null,
  first: readonly string[] = [],
): Opened<T> | null {
  for (const password of [...first, ...source.passwords.slice(0, limits.extractPasswordsMax)]) {
    if (!source.budget.hasTime()) return null
    const opened = open(password)
    if (opened !== null) return { with: opened, byDefault: first.includes(password) }
  }
  return null
}

interface Opened<T> {
  readonly with: T
  readonly byDefault: boolean
}

export interface OpenedStream {
  readonly bytes: Buffer
  /** Whether Office's own password opened it. */
  readonly byDefault: boolean
}

const EXCEL_FIRST = [EXCEL_DEFAULT_PASSWORD]
const POWERPOINT_FIRST = [POWERPOINT_DEFAULT_PASSWORD]

/** The first bytes of the main stream stay in the clear ([MS-DOC] 2.2.6.2), as does the header in the table stream. */
const WORD_CLEAR_BYTES = 68
const WORD_BLOCK_BYTES = 512

export interface WordStreams {
  readonly main: Buffer
  readonly table: Buffer
}

export function openWord(main: Buffer, table: Buffer, source: PasswordSource): WordStreams | null {
  const headerBytes = main.readUInt32LE(14)
  const header = table.subarray(0, headerBytes)
  const keys = firstThatOpens(source, (password) => openHeader(header, password))
  if (keys === null) return null
  const opened = (stream: Buffer, clear: number) =>
    Buffer.concat([stream.subarray(0, clear), decryptBlocks(stream, keys.with, WORD_BLOCK_BYTES).subarray(clear)])
  return { main: opened(main, WORD_CLEAR_BYTES), table: opened(table, headerBytes) }
}

const FILE_PASS = 0x2f
const BOUND_SHEET = 0x85
/** Records that are written in the clear ([MS-XLS] 2.2.10): BOF, FilePass, UsrExcl, FileLock, InterfaceHdr, RRDInfo, RRDHead. */
const CLEAR_RECORDS = new Set([0x809, FILE_PASS, 0x194, 0x195, 0xe1, 0x196, 0x138])
const EXCEL_BLOCK_BYTES = 1024

/** A workbook stream; `isBiff8`: of Excel 97 to 2003. */
export function openWorkbook(stream: Buffer, isBiff8: boolean, source: PasswordSource): OpenedStream | null {
  const pass = filePass(stream)
  if (pass === null) return null
  if (!isBiff8 || pass.readUInt16LE(0) === 0) {
    const at = isBiff8 ? 2 : 0
    if (pass.length < at + 4) return null
    const [key, verifier] = [pass.readUInt16LE(at), pass.readUInt16LE(at + 2)]
    const mask = firstThatOpens(source, (password) => openXor(key, verifier, password), EXCEL_FIRST)
    if (mask === null) return null
    const bytes = rewritten(stream, (data, place, size) => {
      for (let i = 0; i < data.length; i++) data[i] = unmask(data[i] ?? 0, mask.with[(place + i + size) & 15] ?? 0)
    })
    return { bytes, byDefault: mask.byDefault }
  }
  const keys = firstThatOpens(source, (password) => openHeader(pass.subarray(2), password), EXCEL_FIRST)
  if (keys === null) return null
  // The key stream runs on below what is in the clear.
  const plain = decryptBlocks(stream, keys.with, EXCEL_BLOCK_BYTES)
  const bytes = rewritten(stream, (data, place) => plain.copy(data, 0, place, place + data.length))
  return { bytes, byDefault: keys.byDefault }
}

function filePass(stream: Buffer): Buffer | null {
  for (let at = 0; at + 4 <= stream.length; ) {
    const length = stream.readUInt16LE(at + 2)
    const data = stream.subarray(at + 4, at + 4 + length)
    if (stream.readUInt16LE(at) === FILE_PASS) return data.length >= 4 ? data : null
    at += 4 + length
  }
  return null
}

/** A copy in which `open` changed what is encrypted; the record that tells of encryption becomes one of no meaning. */
function rewritten(stream: Buffer, open: (data: Buffer, place: number, size: number) => void): Buffer {
  const out = Buffer.from(stream)
  for (let at = 0; at + 4 <= out.length; ) {
    const type = out.readUInt16LE(at)
    const length = out.readUInt16LE(at + 2)
    // The place of its sheet in the stream is left in the clear.
    const clear = type === BOUND_SHEET ? 4 : 0
    if (!CLEAR_RECORDS.has(type)) open(out.subarray(at + 4 + clear, at + 4 + length), at + 4 + clear, length)
    if (type === FILE_PASS) out.writeUInt16LE(0, at)
    at += 4 + length
  }
  return out
}

const USER_EDIT = 0x0ff5
const PERSIST_DIRECTORY = 0x1772
const CRYPT_SESSION = 0x2f14
const EDITS_MAX = 1_000

/** A presentation: every object of its directory is encrypted by itself, under its number ([MS-PPT] 2.3.7). */
export function openPresentation(stream: Buffer, user: Buffer, source: PasswordSource): OpenedStream | null {
  const places = user.length >= 20 ? persistPlaces(stream, user.readUInt32LE(16)) : null
  if (places === null) return null
  const session = [...places.values()].find(
    (at) => at + 8 < stream.length && stream.readUInt16LE(at + 2) === CRYPT_SESSION,
  )
  if (session === undefined) return null
  const header = stream.subarray(session + 8, session + 8 + stream.readUInt32LE(session + 4))
  const keys = firstThatOpens(source, (password) => openHeader(header, password), POWERPOINT_FIRST)
  if (keys === null) return null
  return { bytes: withObjects(stream, places, session, keys.with), byDefault: keys.byDefault }
}

function withObjects(stream: Buffer, places: ReadonlyMap<number, number>, session: number, keys: BlockKeys): Buffer {
  const out = Buffer.from(stream)
  // No container any more: what is in the header of the encryption is no record.
  out.writeUInt16LE(0, session)
  let left = stream.length
  for (const [id, at] of places) {
    if (at === session || at + 8 > stream.length || left <= 0) continue
    const length = 8 + rc4(keys.keyOf(id), stream.subarray(at, at + 8)).readUInt32LE(4)
    const object = rc4(keys.keyOf(id), stream.subarray(at, Math.min(at + length, stream.length)))
    left -= object.length
    object.copy(out, at)
  }
  return out
}

/** Where each object stands: directories of all edits, the newest first. */
function persistPlaces(stream: Buffer, lastEdit: number): Map<number, number> | null {
  const places = new Map<number, number>()
  let edit = lastEdit
  for (let count = 0; count < EDITS_MAX && edit + 8 + 24 <= stream.length; count++) {
    if (stream.readUInt16LE(edit + 2) !== USER_EDIT) return null
    const before = stream.readUInt32LE(edit + 8 + 8)
    readDirectory(stream, stream.readUInt32LE(edit + 8 + 12), places)
    if (before === 0 || before >= edit) break
    edit = before
  }
  return places.size > 0 ? places : null
}

function readDirectory(stream: Buffer, at: number, places: Map<number, number>): void {
  if (at + 8 > stream.length || stream.readUInt16LE(at + 2) !== PERSIST_DIRECTORY) return
  const end = Math.min(stream.length, at + 8 + stream.readUInt32LE(at + 4))
  for (let next = at + 8; next + 4 <= end; ) {
    const first = stream.readUInt32LE(next) & 0xfffff
    const count = stream.readUInt32LE(next) >>> 20
    next += 4
    for (let i = 0; i < count && next + 4 <= end; i++, next += 4)
      if (!places.has(first + i)) places.set(first + i, stream.readUInt32LE(next))
  }
}
