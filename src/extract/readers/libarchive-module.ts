/**
 * libarchive in WebAssembly behind the few calls the extractor needs. One instance per archive: when it is dropped, all
 * its memory goes with it. A trap inside (a crash of the parser) comes out as a failure of that archive.
 */
export interface ArchiveEntry {
  readonly name: string
  readonly isFile: boolean
  readonly encrypted: boolean
  /** Bytes, as the archive says. */
  readonly size: number
  /** Target of a link. */
  readonly target: string
}

export interface ArchiveData {
  readonly bytes: Buffer
  readonly problem: 'corrupt' | 'too-large' | 'timeout' | null
}

export interface OpenArchive {
  /** The next entry, or null at the end or at a failure. */
  next(): ArchiveEntry | null
  read(ceiling: number, hasTime: () => boolean): ArchiveData
  /** libarchive's words for what ended the walk early; null when it ended well. */
  failure(): string | null
  close(): void
}

const PIECE_BYTES = 256 * 1024
/** Mode bits of a file type, as stat(2) has them. */
const TYPE_FOLDER = 0x4000
const TYPE_FILE = 0x8000

/**
 * libarchive takes what has the end record of a zip file in its last 16 KiB for one before it looks for the marks of RAR
 * and LHA, and gives the members of a zip file stored last in such an archive instead of its own.
 */
const ZIP_END_WITHIN_BYTES = 16 * 1024
const ZIP_END = Buffer.from('PK\x05\x06', 'latin1')

/** Zeros that are to stand behind the archive, which its own reader passes over, so that a zip file in it is too far off. */
function paddingFor(bytes: Buffer): number {
  const isRar = bytes.toString('latin1', 0, 4) === 'Rar!'
  const isLha = /^-l[hz].-$/.test(bytes.toString('latin1', 2, 7))
  return (isRar || isLha) && bytes.subarray(-ZIP_END_WITHIN_BYTES).includes(ZIP_END) ? ZIP_END_WITHIN_BYTES : 0
}

export async function openLibarchive(given: Uint8Array): Promise<OpenArchive> {
  const { libarchiveWasm } = await import('libarchive-wasm')
  const lib = await libarchiveWasm({ print: () => undefined, printErr: () => undefined })
  const bytes = Buffer.from(given.buffer, given.byteOffset, given.length)
  const length = bytes.length + paddingFor(bytes)
  const memory = lib.module._malloc(length)
  lib.module.HEAP8.set(bytes, memory)
  lib.module.HEAP8.fill(0, memory + bytes.length, memory + length)
  const piece = lib.module._malloc(PIECE_BYTES)
  let failed: string | null = null
  const guard = <T>(call: () => T, otherwise: T): T => {
    try {
      return call()
    } catch (thrown) {
      // The wrapper throws libarchive's own words; a trap of the machine comes as a RuntimeError.
      failed = thrown instanceof Error && !isTrap(thrown) ? thrown.message : 'crashed'
      return otherwise
    }
  }
  const archive = guard(() => lib.read_new_memory(memory, length), 0)
  const readPiece = (): number => {
    try {
      return lib.read_data(archive, piece, PIECE_BYTES)
    } catch (thrown) {
      if (isTrap(thrown)) failed = 'crashed'
      return -1
    }
  }
  const takePiece = (count: number) => Buffer.from(lib.module.HEAP8.slice(piece, piece + count).buffer)
  return {
    next: () =>
      guard(() => {
        if (failed !== null || archive === 0) return null
        const pointer = lib.read_next_entry(archive)
        if (pointer === 0) return null
        const type = lib.entry_filetype(pointer)
        return {
          name: nameOf(lib.entry_pathname(pointer)),
          isFile: type !== TYPE_FOLDER && (type === TYPE_FILE || type === 0 || lib.entry_size(pointer) > 0),
          encrypted: lib.entry_is_encrypted(pointer) > 0,
          size: lib.entry_size(pointer),
          target: nameOf(lib.entry_symlink(pointer)),
        }
      }, null),
    read: (ceiling, hasTime) => readAll(ceiling, hasTime, readPiece, takePiece),
    failure: () => failed ?? (archive === 0 ? 'no archive' : guard(() => lib.error_string(archive) || null, 'crashed')),
    close: () => {
      if (archive !== 0) guard(() => lib.read_free(archive), 0)
    },
  }
}

function readAll(
  ceiling: number,
  hasTime: () => boolean,
  read: () => number,
  take: (count: number) => Buffer,
): ArchiveData {
  const chunks: Buffer[] = []
  let length = 0
  for (;;) {
    const count = read()
    if (count < 0) return { bytes: Buffer.concat(chunks), problem: 'corrupt' }
    if (count === 0) return { bytes: Buffer.concat(chunks), problem: null }
    length += count
    if (length > ceiling) return { bytes: Buffer.alloc(0), problem: 'too-large' }
    chunks.push(take(count))
    if (!hasTime()) return { bytes: Buffer.concat(chunks), problem: 'timeout' }
  }
}

/** libarchive hands out null where a name is missing or not in its locale. */
function nameOf(raw: unknown): string {
  return typeof raw === 'string' ? raw : ''
}

function isTrap(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.name === 'RuntimeError'
}
