/**
 * Which OLE compound file this is, told by the names of its streams ([MS-CFB] 2.6). Follows the directory's chain with
 * a bound; a broken file is still looked through for the tell-tale names.
 */
const DIRECTORY_SECTORS_MAX = 1024
const END_OF_CHAIN = 0xfffffffa
const NO_ENTRY = 0xffffffff

/** Stream or storage name -> type, most telling first. */
const tells: readonly (readonly [string, string])[] = [
  ['EncryptedPackage', 'application/encrypted'],
  ['WordDocument', 'application/msword'],
  ['Workbook', 'application/vnd.ms-excel'],
  ['Book', 'application/vnd.ms-excel'],
  ['PowerPoint Document', 'application/vnd.ms-powerpoint'],
  ['PP40', 'application/vnd.ms-powerpoint'],
  ['__properties_version1.0', 'application/vnd.ms-outlook'],
  ['VisioDocument', 'application/vnd.visio'],
  ['Quill', 'application/x-mspublisher'],
  ['MatOST', 'application/vnd.ms-works'],
  ['SummaryInformation-Project', 'application/vnd.ms-project'],
  ['Props', 'application/vnd.ms-project'],
  ['Ole10Native', 'application/x-ole-package'],
  ['VBA', 'application/vnd.ms-office.vbaproject'],
]

export function refineOle(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const names = rootNames(buffer) ?? new Set<string>()
  for (const [name, type] of tells) if (names.has(name.toLowerCase())) return type
  if (names.size === 0) {
    for (const [name, type] of tells.slice(0, 8)) if (buffer.includes(Buffer.from(name, 'utf16le'))) return type
  }
  return 'application/x-ole-storage'
}

interface Entry {
  readonly name: string
  readonly left: number
  readonly right: number
  readonly child: number
}

/** Lower-case names of what stands in the root storage: an embedded document lies in a storage of its own. */
function rootNames(buffer: Buffer): Set<string> | null {
  const entries = directoryEntries(buffer)
  const names = new Set<string>()
  const open = [entries[0]?.child ?? NO_ENTRY]
  const seen = new Set<number>()
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    const entry = entries[id]
    if (!entry || seen.has(id)) continue
    seen.add(id)
    names.add(entry.name)
    open.push(entry.left, entry.right)
  }
  return names.size > 0 ? names : null
}

function directoryEntries(buffer: Buffer): Entry[] {
  if (buffer.length < 1024) return []
  const shift = buffer.readUInt16LE(30)
  if (shift !== 9 && shift !== 12) return []
  const size = 1 << shift
  const entries: Entry[] = []
  let sector = buffer.readUInt32LE(48)
  for (let count = 0; count < DIRECTORY_SECTORS_MAX && sector < END_OF_CHAIN; count++) {
    const from = (sector + 1) * size
    if (from >= buffer.length) break
    for (let at = from; at + 128 <= Math.min(from + size, buffer.length); at += 128) entries.push(readEntry(buffer, at))
    sector = nextSector(buffer, sector, size)
  }
  return entries
}

function readEntry(buffer: Buffer, at: number): Entry {
  const length = Math.min(64, Math.max(2, buffer.readUInt16LE(at + 64)))
  return {
    name: buffer
      .toString('utf16le', at, at + length - 2)
      .replace(/^[\x00-\x1f]/, '')
      .toLowerCase(),
    left: buffer.readUInt32LE(at + 68),
    right: buffer.readUInt32LE(at + 72),
    child: buffer.readUInt32LE(at + 76),
  }
}

/** One look-up in the allocation table; the first 109 of its sectors stand in the header, which is 6.8 MB of file. */
function nextSector(buffer: Buffer, sector: number, size: number): number {
  const perSector = size / 4
  const index = Math.floor(sector / perSector)
  if (index >= 109) return END_OF_CHAIN
  const table = buffer.readUInt32LE(76 + index * 4)
  const at = (table + 1) * size + (sector % perSector) * 4
  return at + 4 <= buffer.length ? buffer.readUInt32LE(at) : END_OF_CHAIN
}
