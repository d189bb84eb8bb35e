/**
 * Delimiter lines of a multipart body (RFC 2046 section 5.1.1): byte ranges of preamble, parts and epilogue, without
 * copying. Also names the lines that only some receivers take for delimiters. Linear in the size of the body.
 */
export interface Range {
  readonly from: number
  readonly to: number
}

export interface MultipartRanges {
  readonly preamble: Range
  readonly parts: readonly Range[]
  /** Parts behind the close delimiter: invisible to receivers that stop there. */
  readonly late: readonly Range[]
  /** What stands behind each close delimiter: a body may have several. */
  readonly epilogues: readonly Range[]
  /** Tails of lines that begin with the delimiter and go on: delimiters to receivers that compare beginnings. */
  readonly prefixTails: readonly string[]
  readonly bareCr: boolean
  readonly closed: boolean
  /** There were more parts than `partsMax`; the rest of the body is the epilogue. */
  readonly tooMany: boolean
}

interface Delimiter {
  /** Where the part before it ends: the line break belongs to the delimiter. */
  readonly before: number
  readonly after: number
  readonly close: boolean
}

const LF = 0x0a
const CR = 0x0d
const TAILS_MAX = 16

/**
 * How lines are compared: as RFC 2046 has it; by their beginning alone; or with close delimiters being none, since they
 * are those of a part inside whose boundary is this one with dashes behind it.
 */
export type Comparison = 'whole' | 'prefix' | 'open'

/** Splits `bytes[from, to)` at `boundary`. */
export function splitMultipart(
  bytes: Buffer,
  from: number,
  to: number,
  boundary: string,
  partsMax: number,
  comparison: Comparison = 'whole',
): MultipartRanges {
  const found = findDelimiters(bytes.subarray(0, to), from, boundary, partsMax, comparison)
  const [first] = found.delimiters
  if (!first) {
    return { preamble: { from, to }, parts: [], late: [], epilogues: [], closed: false, ...found.notes }
  }
  const parts: Range[] = []
  const late: Range[] = []
  let closedAt: number | null = null
  const epilogues: Range[] = []
  for (const [i, delimiter] of found.delimiters.entries()) {
    const end = found.delimiters[i + 1]?.before ?? to
    const range = { from: delimiter.after, to: Math.max(delimiter.after, end) }
    if (delimiter.close) {
      closedAt ??= i
      epilogues.push(range)
    } else if (i === found.delimiters.length - 1 && found.notes.tooMany) epilogues.push(range)
    else if (closedAt === null) parts.push(range)
    else late.push(range)
  }
  return {
    preamble: { from, to: Math.max(from, first.before) },
    parts,
    late,
    epilogues,
    closed: closedAt !== null,
    ...found.notes,
  }
}

/** Whether `boundary` delimits anything in the range. */
export function hasDelimiter(bytes: Buffer, from: number, to: number, boundary: string): boolean {
  return findDelimiters(bytes.subarray(0, to), from, boundary, 1, 'whole').delimiters.length > 0
}

interface Found {
  readonly delimiters: Delimiter[]
  readonly notes: { prefixTails: string[]; bareCr: boolean; tooMany: boolean }
}

function findDelimiters(
  bytes: Buffer,
  from: number,
  boundary: string,
  partsMax: number,
  comparison: Comparison,
): Found {
  const mark = Buffer.from(`--${boundary}`, /[^\x00-\xff]/.test(boundary) ? 'utf8' : 'latin1')
  const delimiters: Delimiter[] = []
  const notes = { prefixTails: [] as string[], bareCr: false, tooMany: false }
  let parts = 0
  let ends = 0
  for (let at = bytes.indexOf(mark, from); at >= 0; at = bytes.indexOf(mark, at + mark.length)) {
    const previous = at === from ? LF : bytes[at - 1]
    if (previous !== LF && previous !== CR) continue
    const delimiter = readDelimiter(bytes, at, at + mark.length, from, comparison === 'prefix')
    if (typeof delimiter === 'string') {
      if (notes.prefixTails.length < TAILS_MAX) notes.prefixTails.push(delimiter)
      continue
    }
    if (delimiter.close && comparison === 'open') continue
    if (previous === CR) notes.bareCr = true
    delimiters.push(delimiter)
    if (delimiter.close) ends += 1
    else parts += 1
    if (Math.max(parts, ends) > partsMax) {
      notes.tooMany = true
      break
    }
  }
  return { delimiters, notes }
}

/** The delimiter whose mark ends at `tail`, or the rest of its line where that makes it none. */
function readDelimiter(bytes: Buffer, at: number, tail: number, from: number, byPrefix: boolean): Delimiter | string {
  const close = bytes[tail] === 0x2d && bytes[tail + 1] === 0x2d
  let end = close ? tail + 2 : tail
  while (bytes[end] === 0x20 || bytes[end] === 0x09) end++
  const isWhole = end >= bytes.length || bytes[end] === LF || bytes[end] === CR
  if (!isWhole && !byPrefix && !close) return bytes.toString('latin1', tail, Math.min(lineEnd(bytes, tail), tail + 100))
  return { before: beforeLineBreak(bytes, at, from), after: afterLine(bytes, end), close }
}

function lineEnd(bytes: Buffer, at: number): number {
  const lf = bytes.indexOf(LF, at)
  const end = lf < 0 ? bytes.length : lf
  return end > at && bytes[end - 1] === CR ? end - 1 : end
}

function afterLine(bytes: Buffer, at: number): number {
  if (bytes[at] === CR && bytes[at + 1] !== LF) return at + 1
  const lf = bytes.indexOf(LF, at)
  return lf < 0 ? bytes.length : lf + 1
}

function beforeLineBreak(bytes: Buffer, at: number, from: number): number {
  if (at <= from) return from
  if (bytes[at - 1] === LF && at - 2 >= from && bytes[at - 2] === CR) return at - 2
  return at - 1
}
