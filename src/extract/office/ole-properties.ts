import { decodeCodePage } from '../readers/code-page.ts'
import type { OleNode } from '../readers/compound-file.ts'

/** Property sets of compound files ([MS-OLEPS]): the strings in them, with the names that custom properties have. */
export interface OleProperties {
  readonly values: readonly string[]
  readonly custom: readonly (readonly [string, string])[]
  /** Whether something of it stands where the stream doesn't reach, or it is no property set: strings are missing. */
  readonly isBroken: boolean
}

/** What is found as a stream is read. */
interface Found {
  readonly values: string[]
  readonly custom: (readonly [string, string])[]
  isBroken: boolean
}

const PROPERTIES_MAX = 10_000
/** The format has two. */
const SECTIONS_MAX = 8
const HEADER_BYTES = 28
const CUSTOM_SECTION = '05d5cdd59c2e1b10939708002b2cf9ae'

export function readOleProperties(stream: OleNode): OleProperties {
  const found: Found = { values: [], custom: [], isBroken: false }
  const bytes = stream.read()
  // Some writers put in a stream of zeros, or a header without sections.
  if (bytes.every((byte) => byte === 0)) return found
  if (bytes.length < HEADER_BYTES || bytes.readUInt16LE(0) !== 0xfffe) return { ...found, isBroken: true }
  const stated = bytes.readUInt32LE(24)
  const sections = Math.min(stated, SECTIONS_MAX)
  // Bytes that no section claims, or one past those that are read, would be seen by nobody.
  if (stated > sections || (stated === 0 && bytes.subarray(HEADER_BYTES).some((byte) => byte !== 0)))
    found.isBroken = true
  for (let i = 0; i < sections; i++) {
    const at = 28 + i * 20
    if (at + 20 > bytes.length) return { ...found, isBroken: true }
    const isCustom = bytes.toString('hex', at, at + 16) === CUSTOM_SECTION
    readSection(bytes, bytes.readUInt32LE(at + 16), isCustom, found)
  }
  return found
}

function readSection(bytes: Buffer, start: number, isCustom: boolean, found: Found): void {
  if (start + 8 > bytes.length) {
    found.isBroken = true
    return
  }
  // The size that the section states says little: writers are off by a few bytes of padding.
  const count = Math.min(bytes.readUInt32LE(start + 4), PROPERTIES_MAX)
  if (start + 8 + count * 8 > bytes.length) found.isBroken = true
  const offsets = new Map<number, number>()
  for (let i = 0; i < count && start + 16 + i * 8 <= bytes.length; i++) {
    offsets.set(bytes.readUInt32LE(start + 8 + i * 8), start + bytes.readUInt32LE(start + 12 + i * 8))
  }
  const pageAt = offsets.get(1)
  const page = pageAt !== undefined && pageAt + 6 <= bytes.length ? bytes.readUInt16LE(pageAt + 4) : 1252
  const names = isCustom ? readDictionary(bytes, offsets.get(0), page) : new Map<number, string>()
  for (const [id, at] of offsets) {
    if (id < 2 || id >= 0x80000000) continue
    if (isPastEnd(bytes, at)) found.isBroken = true
    const texts = readValue(bytes, at, page)
    const name = names.get(id)
    if (name !== undefined) found.custom.push([name, texts.join(' ')])
    else found.values.push(...texts)
  }
}

/** Whether a value, or the one string it is, doesn't fit into the stream. */
function isPastEnd(bytes: Buffer, at: number): boolean {
  if (at + 4 > bytes.length) return true
  const type = bytes.readUInt16LE(at)
  if (type !== 0x1e && type !== 0x1f) return false
  return at + 8 > bytes.length || at + 8 + bytes.readUInt32LE(at + 4) * (type === 0x1f ? 2 : 1) > bytes.length
}

/** Property 0 of a section names the others. */
function readDictionary(bytes: Buffer, at: number | undefined, page: number): Map<number, string> {
  const names = new Map<number, string>()
  if (at === undefined || at + 4 > bytes.length) return names
  const count = Math.min(bytes.readUInt32LE(at), PROPERTIES_MAX)
  let next = at + 4
  for (let i = 0; i < count && next + 8 <= bytes.length; i++) {
    const id = bytes.readUInt32LE(next)
    const length = bytes.readUInt32LE(next + 4) * (page === 1200 ? 2 : 1)
    names.set(id, trimZero(decodeCodePage(bytes.subarray(next + 8, next + 8 + length), page)))
    next += 8 + (page === 1200 ? Math.ceil(length / 4) * 4 : length)
  }
  return names
}

function readValue(bytes: Buffer, at: number, page: number): string[] {
  if (at + 8 > bytes.length) return []
  const type = bytes.readUInt16LE(at)
  switch (type) {
    case 0x1e:
      return nonEmpty(readString(bytes, at + 4, page).text)
    case 0x1f:
      return nonEmpty(readWide(bytes, at + 4).text)
    case 0x0b:
      return [bytes.readUInt16LE(at + 4) === 0 ? 'false' : 'true']
    case 0x101e:
    case 0x101f:
    case 0x100c:
      return readVector(bytes, at, type, page)
    default:
      return []
  }
}

function readVector(bytes: Buffer, at: number, type: number, page: number): string[] {
  const found: string[] = []
  const count = Math.min(bytes.readUInt32LE(at + 4), PROPERTIES_MAX)
  let next = at + 8
  for (let i = 0; i < count && next + 8 <= bytes.length; i++) {
    const kind = type === 0x100c ? bytes.readUInt16LE(next) : type & 0xff
    if (type === 0x100c) next += 4
    if (kind !== 0x1e && kind !== 0x1f) {
      next += 4
      continue
    }
    const read = kind === 0x1e ? readString(bytes, next, page) : readWide(bytes, next)
    found.push(...nonEmpty(read.text))
    next = read.next
  }
  return found
}

function readString(bytes: Buffer, at: number, page: number): { text: string; next: number } {
  if (at + 4 > bytes.length) return { text: '', next: bytes.length }
  const length = bytes.readUInt32LE(at)
  const raw = bytes.subarray(at + 4, at + 4 + length)
  return { text: trimZero(decodeCodePage(raw, page)), next: at + 4 + length }
}

function readWide(bytes: Buffer, at: number): { text: string; next: number } {
  if (at + 4 > bytes.length) return { text: '', next: bytes.length }
  const length = bytes.readUInt32LE(at) * 2
  return {
    text: trimZero(bytes.subarray(at + 4, at + 4 + length).toString('utf16le')),
    next: at + 4 + Math.ceil(length / 4) * 4,
  }
}

function trimZero(text: string): string {
  const end = text.indexOf('\0')
  return (end < 0 ? text : text.slice(0, end)).trim()
}

function nonEmpty(text: string): string[] {
  return text === '' ? [] : [text]
}
