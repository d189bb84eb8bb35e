import { fields, type IwaObject } from './iwa-archive.ts'

/**
 * Strings and large numbers of iWork's objects without their schema: a length-delimited field is a string where it is
 * valid UTF-8 of printable characters, a message where its fields fill it, and both where it could be either. Whole
 * numbers among the floating point ones are what charts show. Linear in the size times a small depth; never throws.
 */
const DEPTH_MAX = 12
const utf8 = new TextDecoder('utf-8', { fatal: true })
/** Shorter numbers are places and sizes. */
const NUMBER_MIN = 1e5

export function iwaStrings(objects: readonly IwaObject[]): string[] {
  const found = new Set<string>()
  for (const { data } of objects) collect(data, found, 0)
  return [...found]
}

function collect(data: Buffer, found: Set<string>, depth: number): void {
  for (const field of fields(data)) {
    if (field.double !== null && Number.isSafeInteger(field.double) && Math.abs(field.double) >= NUMBER_MIN)
      found.add(String(field.double))
    if (!field.data || field.data.length === 0) continue
    const text = textOf(field.data)
    if (text !== null && /[\p{L}\p{N}]/u.test(text)) found.add(text)
    if (depth < DEPTH_MAX && (text === null || isMessage(field.data))) collect(field.data, found, depth + 1)
  }
}

/** Fields fill it to the last byte, with a string of some length among them. */
function isMessage(data: Buffer): boolean {
  let end = 0
  let longest = 0
  for (const field of fields(data)) {
    if (field.data) {
      end = field.data.byteOffset + field.data.length - data.byteOffset
      longest = Math.max(longest, field.data.length)
    }
  }
  return end === data.length && longest > 2
}

/** Page, column and section breaks, notes and the like, as Pages writes them into its text. */
const BREAKS = new Set([0x04, 0x05, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f])

function textOf(data: Buffer): string | null {
  for (const byte of data) if (byte < 0x20 && !BREAKS.has(byte)) return null
  try {
    return utf8.decode(data).replace(/[\x04\x05\x0b-\x0f]/g, '\n')
  } catch {
    return null
  }
}
