/**
 * The header block of a message or body part (RFC 5322 section 2.2), read leniently: a line that is no field is kept and
 * skipped, since receivers differ in whether it ends the header. To one that stops there everything below is plain text,
 * and all of that is read here too. Nothing is decoded; values are bytes as Latin-1.
 */
export interface HeaderField {
  /** Lower case, without blanks. */
  readonly name: string
  /** Name as written. */
  readonly written: string
  /** Unfolded, trimmed; one character a byte. */
  readonly value: string
}

export interface HeaderBlock {
  readonly fields: readonly HeaderField[]
  /** Lines that are no field and no continuation. */
  readonly junk: readonly string[]
  /** A content field is visible only to receivers that take a bare CR for a line end. */
  readonly contentAfterBareCr: boolean
  readonly bodyAt: number
  /** The header is longer than `maxBytes`; what is past it counts as body. */
  readonly tooLong: boolean
}

const LF = 0x0a
const CR = 0x0d
const FIELD = /^([^\s:]+)[ \t]*:/
const FIELD_NAME = /^[!-9;-~]{1,200}$/

/** Reads the header that starts at `from`. Without a blank line everything up to `to` is header, if it looks like one. */
export function parseHeader(bytes: Buffer, from: number, to: number, maxBytes: number): HeaderBlock {
  const end = headerEnd(bytes, from, to, maxBytes)
  const block = bytes.toString('latin1', from, end.at)
  const read = readFields(block)
  if (read.fields.length === 0 && end.at > from) {
    // No field at all: this is a body without a header, and the blank line is a blank line of it.
    return { ...read, junk: [], bodyAt: from, tooLong: false }
  }
  return { ...read, bodyAt: end.bodyAt, tooLong: end.tooLong }
}

function headerEnd(
  bytes: Buffer,
  from: number,
  to: number,
  maxBytes: number,
): { at: number; bodyAt: number; tooLong: boolean } {
  const last = Math.min(to, from + maxBytes)
  let line = from
  while (line < last) {
    const first = bytes[line]
    if (first === LF) return { at: line, bodyAt: line + 1, tooLong: false }
    if (first === CR && bytes[line + 1] === LF) return { at: line, bodyAt: line + 2, tooLong: false }
    const lf = bytes.indexOf(LF, line)
    if (lf < 0 || lf >= last) break
    line = lf + 1
  }
  return { at: last, bodyAt: last, tooLong: last < to }
}

interface FieldsRead {
  fields: HeaderField[]
  junk: string[]
  contentAfterBareCr: boolean
}

function readFields(block: string): FieldsRead {
  const read: FieldsRead = { fields: [], junk: [], contentAfterBareCr: false }
  const clean = block.includes('\0') ? block.replaceAll('\0', '') : block
  const unfolded = clean.replace(/\r?\n(?=[ \t])/g, '')
  const hasBareCr = /\r(?!\n|$)/.test(unfolded)
  for (const line of unfolded.split(/\r?\n/)) {
    if (line === '' || line === '\r') continue
    if (!hasBareCr || !/\r(?!$)/.test(line)) readLine(line, read, false)
    else for (const [at, piece] of line.split('\r').entries()) readLine(piece, read, at > 0)
  }
  return read
}

function readLine(line: string, read: FieldsRead, afterBareCr: boolean): void {
  const written = FIELD.exec(line)
  const name = written?.[1] ?? ''
  if (!written || !FIELD_NAME.test(name)) {
    if (line.trim() !== '') read.junk.push(line)
    return
  }
  const field = { name: name.toLowerCase(), written: name, value: line.slice(written[0].length).trim() }
  if (afterBareCr && field.name.startsWith('content-')) read.contentAfterBareCr = true
  read.fields.push(field)
}
