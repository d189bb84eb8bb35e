import { limits } from '../../core/limits.ts'

/**
 * OLE compound files ([MS-CFB]) as a tree of storages and streams. Chains are followed with a bound and never twice
 * through the same sector, so a file that points in circles costs what its size costs. Streams are read on demand; a
 * broken chain gives what could be read and `broken`. Never throws for its input.
 */
export interface OleNode {
  readonly name: string
  readonly isStorage: boolean
  readonly clsid: string
  readonly size: number
  readonly children: readonly OleNode[]
  /** Contents of a stream; empty for a storage. */
  read(): Buffer
}

export interface CompoundFile {
  readonly root: OleNode
  /** Something in the structure did not hold: content may be missing. */
  broken: boolean
  /** First byte behind the last sector in use. */
  readonly end: number
}

const MAGIC = Buffer.from('d0cf11e0a1b11ae1', 'hex')
const END_OF_CHAIN = 0xfffffffe
const FREE = 0xffffffff
const MAX_REGULAR = 0xfffffffa

interface Entry {
  readonly name: string
  readonly type: number
  readonly left: number
  readonly right: number
  readonly child: number
  readonly start: number
  readonly size: number
  readonly clsid: string
}

/** Null where it is no compound file at all. */
export function openCompoundFile(input: Uint8Array): CompoundFile | null {
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength)
  if (bytes.length < 512 || !bytes.subarray(0, 8).equals(MAGIC)) return null
  const shift = bytes.readUInt16LE(30)
  if (shift !== 9 && shift !== 12) return null
  return new Reader(bytes, 1 << shift).open()
}

class Reader {
  #broken = false
  readonly #bytes: Buffer
  readonly #sectorSize: number
  readonly #fat: Uint32Array
  readonly #miniFat: Uint32Array
  readonly #miniCutoff: number
  readonly #entries: Entry[]
  #miniStream: Buffer | null = null
  readonly #visited = new Set<number>()

  constructor(bytes: Buffer, sectorSize: number) {
    this.#bytes = bytes
    this.#sectorSize = sectorSize
    this.#fat = this.#readFat()
    this.#miniCutoff = Math.min(bytes.readUInt32LE(56) || 4096, 4096)
    this.#miniFat = this.#tableOf(this.#chain(bytes.readUInt32LE(60), Number.POSITIVE_INFINITY))
    this.#entries = this.#readDirectory()
  }

  open(): CompoundFile | null {
    const root = this.#entries[0]
    if (!root) return null
    const node = this.#node(0, 0)
    let last = -1
    for (let i = this.#fat.length - 1; i >= 0 && last < 0; i--) if (this.#fat[i] !== FREE) last = i
    const reader = this
    return {
      root: node,
      get broken() {
        return reader.#broken
      },
      end: Math.min(this.#bytes.length, (last + 2) * this.#sectorSize),
    }
  }

  #sector(index: number): Buffer {
    const start = (index + 1) * this.#sectorSize
    return this.#bytes.subarray(start, start + this.#sectorSize)
  }

  /** The allocation table: 109 of its sectors stand in the header, further ones in a chain of their own. */
  #readFat(): Uint32Array {
    const sectors: number[] = []
    for (let i = 0; i < 109; i++) {
      const sector = this.#bytes.readUInt32LE(76 + i * 4)
      if (sector <= MAX_REGULAR) sectors.push(sector)
    }
    const perSector = this.#sectorSize / 4 - 1
    const seen = new Set<number>()
    let next = this.#bytes.readUInt32LE(68)
    while (next <= MAX_REGULAR && !seen.has(next)) {
      seen.add(next)
      const sector = this.#sector(next)
      if (sector.length < this.#sectorSize) break
      for (let i = 0; i < perSector; i++) {
        const listed = sector.readUInt32LE(i * 4)
        if (listed <= MAX_REGULAR) sectors.push(listed)
      }
      next = sector.readUInt32LE(perSector * 4)
    }
    const inFile = sectors.filter((sector) => (sector + 1) * this.#sectorSize < this.#bytes.length)
    if (inFile.length < sectors.length) this.#broken = true
    // A table longer than the file needs repeats sectors: that is a trick, not a table.
    const needed = Math.ceil(this.#bytes.length / this.#sectorSize / (perSector + 1)) + 1
    return this.#tableOf(Buffer.concat(inFile.slice(0, needed).map((sector) => this.#sector(sector))))
  }

  #tableOf(raw: Buffer): Uint32Array {
    const table = new Uint32Array(Math.floor(raw.length / 4))
    for (let i = 0; i < table.length; i++) table[i] = raw.readUInt32LE(i * 4)
    return table
  }

  #chain(start: number, size: number): Buffer {
    const pieces: Buffer[] = []
    let length = 0
    let sector = start
    const bound = Math.ceil(this.#bytes.length / this.#sectorSize)
    for (let count = 0; sector <= MAX_REGULAR && length < size; count++) {
      const piece = this.#sector(sector)
      if (count > bound || piece.length === 0) {
        this.#broken = true
        break
      }
      pieces.push(piece)
      length += piece.length
      sector = this.#fat[sector] ?? END_OF_CHAIN
    }
    if (length < size && Number.isFinite(size)) this.#broken = true
    const all = Buffer.concat(pieces)
    return all.subarray(0, Math.min(size, all.length))
  }

  #miniChain(start: number, size: number): Buffer {
    const root = this.#entries[0]
    this.#miniStream ??= root ? this.#chain(root.start, root.size) : Buffer.alloc(0)
    const pieces: Buffer[] = []
    let length = 0
    let sector = start
    for (let count = 0; sector <= MAX_REGULAR && length < size; count++) {
      const piece = this.#miniStream.subarray(sector * 64, sector * 64 + 64)
      if (count > this.#miniFat.length || piece.length === 0) {
        this.#broken = true
        break
      }
      pieces.push(piece)
      length += piece.length
      sector = this.#miniFat[sector] ?? END_OF_CHAIN
    }
    if (length < size) this.#broken = true
    return Buffer.concat(pieces).subarray(0, size)
  }

  #readDirectory(): Entry[] {
    const chain = this.#chain(this.#bytes.readUInt32LE(48), Number.POSITIVE_INFINITY)
    const raw = chain.subarray(0, limits.extractOleEntriesMax * 128)
    if (raw.length < chain.length) this.#broken = true
    const entries: Entry[] = []
    for (let at = 0; at + 128 <= raw.length; at += 128) {
      const nameLength = Math.min(64, raw.readUInt16LE(at + 64))
      entries.push({
        name: raw.toString('utf16le', at, at + Math.max(0, nameLength - 2)),
        type: raw[at + 66] ?? 0,
        left: raw.readUInt32LE(at + 68),
        right: raw.readUInt32LE(at + 72),
        child: raw.readUInt32LE(at + 76),
        start: raw.readUInt32LE(at + 116),
        size: raw.readUInt32LE(at + 120),
        clsid: guidOf(raw.subarray(at + 80, at + 96)),
      })
    }
    return entries
  }

  #node(index: number, depth: number): OleNode {
    const entry = this.#entries[index] ?? EMPTY
    const isStorage = entry.type === 1 || entry.type === 5
    this.#visited.add(index)
    const children = isStorage && depth <= limits.extractOleDepthMax ? this.#siblings(entry.child, depth) : []
    return {
      name: entry.name,
      isStorage,
      clsid: entry.clsid,
      size: entry.size,
      children,
      read: () => this.#read(entry),
    }
  }

  /** The red-black tree of a storage in order, without recursion: hostile trees are as deep as they are long. */
  #siblings(start: number, depth: number): OleNode[] {
    const nodes: OleNode[] = []
    const stack: number[] = [start]
    while (stack.length > 0) {
      const index = stack.pop() ?? FREE
      const entry = this.#entries[index]
      if (!entry || index > MAX_REGULAR) continue
      if (this.#visited.has(index)) {
        this.#broken = true
        continue
      }
      if (entry.type !== 0) nodes.push(this.#node(index, depth + 1))
      this.#visited.add(index)
      stack.push(entry.right, entry.left)
    }
    return nodes
  }

  #read(entry: Entry): Buffer {
    if (entry.type !== 2) return Buffer.alloc(0)
    const size = Math.min(entry.size, this.#bytes.length)
    if (entry.size > this.#bytes.length) this.#broken = true
    return size < this.#miniCutoff ? this.#miniChain(entry.start, size) : this.#chain(entry.start, size)
  }
}

const EMPTY: Entry = { name: '', type: 0, left: FREE, right: FREE, child: FREE, start: FREE, size: 0, clsid: '' }

/** A GUID of 16 bytes in its usual form, lower case; empty where there are fewer. */
export function guidOf(raw: Buffer): string {
  if (raw.length < 16) return ''
  const hex = (from: number, to: number) => raw.subarray(from, to).toString('hex')
  const word = (from: number, to: number) => Buffer.from(raw.subarray(from, to)).reverse().toString('hex')
  return `${word(0, 4)}-${word(4, 6)}-${word(6, 8)}-${hex(8, 10)}-${hex(10, 16)}`
}

/** The child of a storage with this name, whatever its case; a leading control character is part of it. */
export function childNamed(node: OleNode, name: string): OleNode | undefined {
  const lower = name.toLowerCase()
  return node.children.find((child) => child.name.toLowerCase() === lower)
}
