import { limits } from '../../core/limits.ts'
import type { RandomBytes } from '../stream/paged-bytes.ts'

/**
 * The files of an ISO 9660 image (ECMA-119) by their places, from all its trees: the primary one with Rock Ridge names
 * and those with Joliet names. A file that only one tree names is there all the same; one that several name is listed
 * once. Reads directories only, each once and no more of them than `limits.extractIsoFoldersMaxBytes`; never throws for
 * its input but what the source throws.
 */
export interface IsoFile {
  /** Folders with `/`. */
  readonly name: string
  /** In the image, in order; large files have several. */
  readonly extents: readonly { readonly start: number; readonly size: number }[]
  readonly size: number
}

export interface IsoDirectory {
  readonly files: readonly IsoFile[]
  readonly volumes: readonly string[]
  readonly problems: readonly { readonly reason: 'corrupt' | 'too-many' | 'partial'; readonly detail: string }[]
}

const SECTOR = 2048
const FIRST_DESCRIPTOR = 16
const DESCRIPTORS_MAX = 64
const PRIMARY = 1
const SUPPLEMENTARY = 2
const RECORD_MIN = 34
const IS_FOLDER = 2
const GOES_ON = 0x80

interface Tree {
  readonly root: Extent
  readonly isJoliet: boolean
}

interface Extent {
  readonly start: number
  readonly size: number
}

export function readIsoDirectory(bytes: RandomBytes): IsoDirectory {
  const reader = new IsoReader(bytes)
  reader.read()
  return reader
}

class IsoReader implements IsoDirectory {
  readonly files: IsoFile[] = []
  readonly volumes: string[] = []
  readonly problems: { reason: 'corrupt' | 'too-many' | 'partial'; detail: string }[] = []
  readonly #bytes: RandomBytes
  readonly #listed = new Set<string>()
  #folderBytesLeft: number = limits.extractIsoFoldersMaxBytes

  constructor(bytes: RandomBytes) {
    this.#bytes = bytes
  }

  read(): void {
    const trees = this.#trees()
    if (trees.length === 0) this.#say('corrupt', 'volume descriptor')
    // Joliet names are the ones that people see.
    for (const tree of trees.sort((a, b) => Number(b.isJoliet) - Number(a.isJoliet))) this.#walk(tree)
  }

  #trees(): Tree[] {
    const trees: Tree[] = []
    for (let at = FIRST_DESCRIPTOR; at < FIRST_DESCRIPTOR + DESCRIPTORS_MAX; at++) {
      const sector = this.#bytes.subarray(at * SECTOR, (at + 1) * SECTOR)
      const mark = sector.toString('latin1', 1, 6)
      // What stands in the tree of UDF alone is not seen here.
      if (mark.startsWith('NSR0')) this.#say('partial', 'udf')
      if (sector.length < SECTOR || !/^(?:CD001|BEA01|NSR0\d|TEA01|BOOT2)$/.test(mark)) break
      if (mark !== 'CD001') continue
      const type = sector[0]
      if (type !== PRIMARY && type !== SUPPLEMENTARY) continue
      const isJoliet = type === SUPPLEMENTARY && /^%\/[@CE]/.test(sector.toString('latin1', 88, 91))
      this.volumes.push(nameOf(sector.subarray(40, 72), isJoliet).trim())
      trees.push({ root: extentOf(sector.subarray(156, 190)), isJoliet })
    }
    return trees
  }

  #walk({ root, isJoliet }: Tree): void {
    const seen = new Set<number>()
    const folders: { readonly extent: Extent; readonly path: string }[] = [{ extent: root, path: '' }]
    for (let folder = folders.pop(); folder; folder = folders.pop()) {
      if (seen.has(folder.extent.start)) continue
      seen.add(folder.extent.start)
      if (seen.size > limits.extractArchiveEntriesMax) {
        this.#say('too-many', 'iso folders')
        return
      }
      // One that lies about its size is left out, the others are read.
      if (folder.extent.size > this.#folderBytesLeft) {
        this.#say('too-many', 'iso folders')
        continue
      }
      this.#folderBytesLeft -= folder.extent.size
      for (const child of this.#folder(folder.extent, folder.path, isJoliet).reverse()) folders.push(child)
    }
  }

  /** Lists the files of a folder and gives its folders. */
  #folder({ start, size }: Extent, path: string, isJoliet: boolean): { extent: Extent; path: string }[] {
    const data = this.#bytes.subarray(start, start + size)
    if (data.length < size) this.#say('corrupt', 'iso folder')
    const folders: { extent: Extent; path: string }[] = []
    let open: Extent[] = []
    for (let at = 0; at + RECORD_MIN <= data.length; ) {
      const length = data[at] ?? 0
      // A record never goes over the end of a sector.
      if (length < RECORD_MIN) {
        at = (Math.floor(at / SECTOR) + 1) * SECTOR
        continue
      }
      const record = data.subarray(at, at + length)
      at += length
      const raw = record.subarray(33, 33 + (record[32] ?? 0))
      // The folder itself and the one above it.
      if (raw.length === 1 && (raw[0] ?? 0) <= 1) continue
      const flags = record[25] ?? 0
      const extent = extentOf(record)
      const name =
        path +
        (isJoliet ? withoutVersion(nameOf(raw, true)) : (rockRidgeName(record) ?? withoutVersion(nameOf(raw, false))))
      if ((flags & IS_FOLDER) !== 0) {
        if (folders.length < limits.extractArchiveEntriesMax) folders.push({ extent, path: `${name}/` })
        else this.#say('too-many', 'iso folders')
        continue
      }
      open.push(extent)
      if ((flags & GOES_ON) !== 0) continue
      this.#list(name, open)
      open = []
    }
    return folders
  }

  #list(name: string, extents: readonly Extent[]): void {
    const key = extents.map(({ start, size }) => `${start}+${size}`).join()
    const size = extents.reduce((sum, extent) => sum + extent.size, 0)
    // Empty files share a place and are told by their names.
    const known = size === 0 ? name : key
    if (this.#listed.has(known)) return
    if (this.files.length >= limits.extractArchiveEntriesMax) {
      this.#say('too-many', 'iso files')
      return
    }
    this.#listed.add(known)
    this.files.push({ name, extents, size })
  }

  #say(reason: 'corrupt' | 'too-many' | 'partial', detail: string): void {
    if (!this.problems.some((problem) => problem.detail === detail)) this.problems.push({ reason, detail })
  }
}

/** Of a directory record; an extended attribute record stands in front of the data. */
function extentOf(record: Buffer): Extent {
  return { start: (record.readUInt32LE(2) + (record[1] ?? 0)) * SECTOR, size: record.readUInt32LE(10) }
}

function nameOf(raw: Buffer, isJoliet: boolean): string {
  if (!isJoliet) return raw.toString('latin1')
  const even = Buffer.from(raw.subarray(0, raw.length & ~1))
  return even.swap16().toString('utf16le')
}

function withoutVersion(name: string): string {
  return name.replace(/\.?;\d+$/, '')
}

/** RRIP 4.1.4: `NM` entries of the system use area, one after the other; null where there is none. */
function rockRidgeName(record: Buffer): string | null {
  const nameLength = record[32] ?? 0
  const pieces: Buffer[] = []
  for (let at = 33 + nameLength + ((nameLength + 1) % 2); at + 4 <= record.length; ) {
    const length = record[at + 2] ?? 0
    if (length < 4) break
    if (record.toString('latin1', at, at + 2) === 'NM' && length > 5) pieces.push(record.subarray(at + 5, at + length))
    at += length
  }
  return pieces.length === 0 ? null : Buffer.concat(pieces).toString('utf8')
}
