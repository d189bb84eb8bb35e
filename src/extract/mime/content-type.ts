import { decodeHeaderValue } from './encoded-word.ts'
import type { HeaderField } from './header.ts'
import { parseStructured, type StructuredField } from './parameters.ts'
import { type TransferEncoding, transferEncodingOf } from './transfer-encoding.ts'

/** What a header says its body is, in every reading of it: duplicates, comments, encoded words, RFC 2231 boundaries. */
export interface ContentReading {
  readonly type: StructuredField
  /** Media type; null where the header names none that makes sense. */
  readonly mediaType: string | null
  /** Boundaries in the order in which receivers would try them. */
  readonly boundaries: readonly string[]
  readonly encoding: TransferEncoding
}

export interface ContentReadings {
  readonly readings: readonly ContentReading[]
  /** Why there is more than one; null for a header that says one thing. */
  readonly contradiction: string | null
}

const READINGS_MAX = 8
const BOUNDARIES_MAX = 8
const MEDIA_TYPE = /^[a-z0-9!#$&^_.+-]+\/[a-z0-9!#$&^_.+-]+$/
const NO_TYPE = parseStructured('')
const DEFAULT: ContentReadings = {
  readings: [{ type: NO_TYPE, mediaType: null, boundaries: [], encoding: 'identity' }],
  contradiction: null,
}

export function readContentFields(fields: readonly HeaderField[]): ContentReadings {
  const types = distinctValues(fields, 'content-type')
  const encodings = distinctEncodings(fields)
  if (types.length === 0 && encodings.length === 0) {
    return { ...DEFAULT, contradiction: contradictionOf(DEFAULT.readings, fields) }
  }
  const parsed = types.length === 0 ? [''] : types
  const readings: ContentReading[] = []
  for (const value of parsed) {
    for (const encoding of encodings.length === 0 ? (['identity'] as const) : encodings) {
      if (readings.length < READINGS_MAX) readings.push(readOne(value, encoding))
    }
  }
  const isCut = parsed.length * Math.max(1, encodings.length) > READINGS_MAX
  return { readings, contradiction: contradictionOf(readings, fields) ?? (isCut ? 'content types' : null) }
}

function readOne(value: string, encoding: TransferEncoding): ContentReading {
  const decoded = value.includes('=?') ? decodeHeaderValue(value) : value
  const type = parseStructured(decoded)
  const boundaries = /boundary/i.test(value) ? boundaryCandidates(value, decoded, type) : []
  return { type, mediaType: MEDIA_TYPE.test(type.head) ? type.head : null, boundaries, encoding }
}

function distinctValues(fields: readonly HeaderField[], name: string): string[] {
  const values: string[] = []
  for (const field of fields)
    if (field.name === name && field.value !== '' && !values.includes(field.value)) values.push(field.value)
  return values
}

function distinctEncodings(fields: readonly HeaderField[]): TransferEncoding[] {
  const encodings: TransferEncoding[] = []
  for (const value of distinctValues(fields, 'content-transfer-encoding')) {
    const encoding = transferEncodingOf(value.includes('=?') ? decodeHeaderValue(value) : value)
    if (!encodings.includes(encoding)) encodings.push(encoding)
  }
  return encodings
}

/** The proper reading first, then what naive readers find anywhere in the value, quotes or not, comments or not. */
function boundaryCandidates(value: string, decoded: string, type: StructuredField): string[] {
  const found: string[] = []
  const add = (boundary: string | undefined) => {
    const trimmed = boundary?.trimEnd()
    if (trimmed && found.length < BOUNDARIES_MAX && !found.includes(trimmed)) found.push(trimmed)
  }
  for (const boundary of type.all.boundary ?? []) add(boundary)
  for (const source of value === decoded ? [value] : [value, decoded]) {
    for (const m of source.matchAll(/boundary\*?(?:0\*?)?\s*=\s*(?:"([^"]*)"?|([^;]*))/gi)) {
      const boundary = m[1] ?? m[2] ?? ''
      add(boundary)
      if (m[2] !== undefined) add(/^[^\s;()]*/.exec(boundary.trim())?.[0])
      if (boundary.includes('\\')) add(boundary.replace(/\\(.)/g, '$1'))
    }
  }
  return found
}

function contradictionOf(readings: readonly ContentReading[], fields: readonly HeaderField[]): string | null {
  const [first] = readings
  for (const other of readings.slice(1)) {
    if (other.encoding !== first?.encoding) return 'transfer encodings'
    if (other.mediaType !== first.mediaType || other.boundaries[0] !== first.boundaries[0]) return 'content types'
    const [a, b] = [first.type.parameters.charset, other.type.parameters.charset]
    if (a !== undefined && b !== undefined && a.toLowerCase() !== b.toLowerCase()) return 'charsets'
  }
  // Nobody's reading of a field has so many, and those past them are not tried.
  if (readings.some(({ boundaries }) => boundaries.length >= BOUNDARIES_MAX)) return 'boundaries'
  const dispositions = distinctValues(fields, 'content-disposition').map(parseStructured)
  const [one] = dispositions
  for (const other of dispositions.slice(1)) {
    if (other.head !== one?.head || other.parameters.filename !== one.parameters.filename) return 'dispositions'
  }
  return null
}

/** Every file name the part goes by, the one most receivers show first. */
export function fileNames(fields: readonly HeaderField[], type: StructuredField): string[] {
  const names: string[] = []
  const add = (values: readonly string[] | undefined) => {
    for (const value of values ?? []) if (value.trim() !== '' && !names.includes(value)) names.push(value)
  }
  for (const field of fields) if (field.name === 'content-disposition') add(parseStructured(field.value).all.filename)
  add(type.all.name)
  return names
}
