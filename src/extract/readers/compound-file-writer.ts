import type { OleNode } from './compound-file.ts'

/**
 * An embedded storage as a compound file of its own, so that it can be a part like any other. Written for this project's
 * own reader: 4096-byte sectors, no mini stream (its cutoff is one byte), siblings as a plain chain.
 */
const SECTOR = 4096
const END_OF_CHAIN = 0xfffffffe
const FREE = 0xffffffff
const FAT_MARK = 0xfffffffd
/** As many sectors of table as the header lists: some 450 MB of content. */
const FAT_SECTORS_MAX = 109

interface Row {
  readonly node: OleNode
  readonly data: Buffer
  right: number
  child: number
  start: number
}

/** Null where the storage is larger than such a file can be. */
export function writeCompoundFile(root: OleNode): Buffer | null {
  const rows: Row[] = []
  addRow(rows, root)
  const sectors: Buffer[] = []
  const fat: number[] = []
  const place = (data: Buffer): number => {
    if (data.length === 0) return END_OF_CHAIN
    const start = fat.length
    for (let at = 0; at < data.length; at += SECTOR) {
      const sector = Buffer.alloc(SECTOR)
      data.copy(sector, 0, at, Math.min(data.length, at + SECTOR))
      sectors.push(sector)
      fat.push(at + SECTOR < data.length ? fat.length + 1 : END_OF_CHAIN)
    }
    return start
  }
  for (const row of rows) row.start = place(row.data)
  const directoryStart = place(Buffer.concat(rows.map((row, index) => directoryEntry(row, index === 0))))
  const perSector = SECTOR / 4
  let fatSectors = 1
  while (fatSectors * perSector < fat.length + fatSectors) fatSectors += 1
  if (fatSectors > FAT_SECTORS_MAX) return null
  const fatStart = fat.length
  for (let i = 0; i < fatSectors; i++) fat.push(FAT_MARK)
  const table = Buffer.alloc(fatSectors * SECTOR, 0xff)
  fat.forEach((next, index) => {
    table.writeUInt32LE(next, index * 4)
  })
  return Buffer.concat([header(directoryStart, fatStart, fatSectors), ...sectors, table])
}

function addRow(rows: Row[], node: OleNode): number {
  const index = rows.length
  const row: Row = { node, data: node.isStorage ? Buffer.alloc(0) : node.read(), right: FREE, child: FREE, start: 0 }
  rows.push(row)
  let previous: Row | null = null
  for (const child of node.children) {
    const at = addRow(rows, child)
    if (previous) previous.right = at
    else row.child = at
    previous = rows[at] ?? null
  }
  return index
}

function directoryEntry(row: Row, isRoot: boolean): Buffer {
  const entry = Buffer.alloc(128)
  const name = Buffer.from((isRoot ? 'Root Entry' : row.node.name).slice(0, 31), 'utf16le')
  name.copy(entry)
  entry.writeUInt16LE(name.length + 2, 64)
  entry[66] = isRoot ? 5 : row.node.isStorage ? 1 : 2
  entry[67] = 1
  entry.writeUInt32LE(FREE, 68)
  entry.writeUInt32LE(row.right, 72)
  entry.writeUInt32LE(row.child, 76)
  entry.writeUInt32LE(row.node.isStorage ? END_OF_CHAIN : row.start, 116)
  entry.writeUInt32LE(row.data.length, 120)
  return entry
}

function header(directoryStart: number, fatStart: number, fatSectors: number): Buffer {
  const head = Buffer.alloc(SECTOR)
  Buffer.from('d0cf11e0a1b11ae1', 'hex').copy(head)
  head.writeUInt16LE(0x3e, 24)
  head.writeUInt16LE(4, 26)
  head.writeUInt16LE(0xfffe, 28)
  head.writeUInt16LE(12, 30)
  head.writeUInt16LE(6, 32)
  head.writeUInt32LE(fatSectors, 44)
  head.writeUInt32LE(directoryStart, 48)
  head.writeUInt32LE(1, 56)
  head.writeUInt32LE(END_OF_CHAIN, 60)
  head.writeUInt32LE(END_OF_CHAIN, 68)
  for (let i = 0; i < 109; i++) head.writeUInt32LE(i < fatSectors ? fatStart + i : FREE, 76 + i * 4)
  return head
}
