import { limits } from '../../core/limits.ts'
import { ExtractLimitError } from '../format.ts'
import { decodeCodePage } from '../readers/code-page.ts'
import { type CompoundFile, childNamed, type OleNode } from '../readers/compound-file.ts'

/** Source text of VBA macros ([MS-OVBA]): the modules of every project in a compound file. Never throws. */
export interface VbaModule {
  readonly name: string
  readonly source: string
}

export function readVbaModules(file: CompoundFile): VbaModule[] {
  const modules: VbaModule[] = []
  visit(file.root, modules)
  return modules
}

function visit(node: OleNode, modules: VbaModule[]): void {
  const directory = childNamed(node, 'dir')
  if (directory && !directory.isStorage && childNamed(node, '_VBA_PROJECT')) readProject(node, directory, modules)
  for (const child of node.children) if (child.isStorage) visit(child, modules)
}

function readProject(storage: OleNode, directory: OleNode, modules: VbaModule[]): void {
  const { page, streams } = readDirectory(decompressVba(directory.read(), 0))
  const known = new Set(streams.map((stream) => stream.name.toLowerCase()))
  for (const { name, offset } of streams) {
    const stream = childNamed(storage, name)
    if (stream) modules.push({ name, source: decodeCodePage(decompressVba(stream.read(), offset), page) })
  }
  // A project whose directory was damaged on purpose still runs from its streams in some versions.
  for (const child of storage.children) {
    if (child.isStorage || known.has(child.name.toLowerCase()) || /^(?:dir|_VBA_PROJECT|__SRP_.*)$/i.test(child.name))
      continue
    const raw = child.read()
    const at = raw.indexOf('\x00Attribut', 0, 'latin1')
    if (at >= 3) modules.push({ name: child.name, source: decodeCodePage(decompressVba(raw, at - 3), page) })
  }
}

/** Module streams and where their source starts ([MS-OVBA] 2.3.4.2). */
function readDirectory(bytes: Buffer): { page: number; streams: { name: string; offset: number }[] } {
  const streams: { name: string; offset: number }[] = []
  let page = 1252
  let name = ''
  let at = 0
  for (let count = 0; at + 6 <= bytes.length; count++) {
    if (count >= limits.extractRecordsMax) throw new ExtractLimitError('too-many', 'modules')
    const id = bytes.readUInt16LE(at)
    let length = bytes.readUInt32LE(at + 2)
    // The version record states a length of 4 and has 6 bytes.
    if (id === 0x0009) length = 6
    const data = bytes.subarray(at + 6, at + 6 + length)
    if (id === 0x0003 && data.length >= 2) page = data.readUInt16LE(0)
    if (id === 0x001a) name = decodeCodePage(data, page)
    if (id === 0x0032 && data.length > 0) name = data.toString('utf16le')
    if (id === 0x0031 && data.length >= 4) streams.push({ name, offset: data.readUInt32LE(0) })
    at += 6 + length
  }
  return { page, streams }
}

/** [MS-OVBA] 2.4.1: chunks of up to 4096 bytes of LZ77. What comes out before a fault is kept. */
export function decompressVba(input: Buffer, start: number): Buffer {
  if (input[start] !== 1) return Buffer.alloc(0)
  const pieces: Buffer[] = []
  let at = start + 1
  while (at + 2 <= input.length) {
    const header = input.readUInt16LE(at)
    const end = Math.min(input.length, at + (header & 0x0fff) + 3)
    if (((header >> 12) & 7) !== 3) break
    const chunk = (header & 0x8000) === 0 ? input.subarray(at + 2, end) : decompressChunk(input, at + 2, end)
    pieces.push(chunk)
    at = end
  }
  return Buffer.concat(pieces)
}

function decompressChunk(input: Buffer, start: number, end: number): Buffer {
  const out = Buffer.alloc(4096)
  let length = 0
  let at = start
  while (at < end && length < 4096) {
    const flags = input[at++] ?? 0
    for (let bit = 0; bit < 8 && at < end && length < 4096; bit++) {
      if (((flags >> bit) & 1) === 0) {
        out[length++] = input[at++] ?? 0
        continue
      }
      if (at + 2 > end) return out.subarray(0, length)
      const token = input.readUInt16LE(at)
      at += 2
      const offsetBits = Math.max(4, Math.ceil(Math.log2(Math.max(1, length))))
      const distance = (token >> (16 - offsetBits)) + 1
      const count = (token & (0xffff >> offsetBits)) + 3
      if (distance > length) return out.subarray(0, length)
      for (let i = 0; i < count && length < 4096; i++, length++) out[length] = out[length - distance] ?? 0
    }
  }
  return out.subarray(0, length)
}
