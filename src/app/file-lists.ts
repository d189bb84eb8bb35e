/** Lists of files that a person or a script gives: plain lists, manifests, standard input. Read as streams, line by line. */
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { GatewayError } from '../core/errors.ts'
import { limits } from '../core/limits.ts'
import { nameOfBytes } from '../scan/file-names.ts'
import type { ScanTarget } from './scan-input.ts'

/** Lines of a file, `-` for standard input. Throws GatewayError `file-missing`. */
export async function* readLines(file: string): AsyncGenerator<string> {
  const stream = file === '-' ? process.stdin : createReadStream(file)
  let isFirst = true
  try {
    for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
      yield isFirst && line.startsWith(BYTE_ORDER_MARK) ? line.slice(BYTE_ORDER_MARK.length) : line
      isFirst = false
    }
  } catch (thrown) {
    throw unreadable(file, thrown)
  }
}

/** Names of files, one a line, with the bytes they have. Throws GatewayError `file-missing`, `bad-usage`. */
export async function* readNames(file: string): AsyncGenerator<string> {
  const stream = file === '-' ? process.stdin : createReadStream(file)
  let rest = Buffer.alloc(0)
  let isFirst = true
  const nameOf = (line: Buffer): string => {
    if (line.length > limits.fileListLineMaxBytes) throw noName(file)
    const name = nameOfBytes(line).replace(/\r$/, '')
    const marked = isFirst && name.startsWith(BYTE_ORDER_MARK)
    isFirst = false
    return marked ? name.slice(BYTE_ORDER_MARK.length) : name
  }
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      rest = Buffer.concat([rest, chunk])
      for (let end = rest.indexOf(LF); end >= 0; end = rest.indexOf(LF)) {
        yield nameOf(rest.subarray(0, end))
        rest = rest.subarray(end + 1)
      }
      if (rest.length > limits.fileListLineMaxBytes) throw noName(file)
    }
  } catch (thrown) {
    throw unreadable(file, thrown)
  }
  if (rest.length > 0) yield nameOf(rest)
}

const LF = 0x0a
/** Editors and shells of Windows put it in front of UTF-8. */
const BYTE_ORDER_MARK = '\ufeff'

function noName(file: string): GatewayError {
  const message = `${file} has a line longer than any name of a file; a list has one name a line`
  return new GatewayError('bad-usage', { temporary: false, publicMessage: message, message })
}

function unreadable(file: string, thrown: unknown): unknown {
  if (thrown instanceof GatewayError) return thrown
  const code = (thrown as NodeJS.ErrnoException).code
  if (!code) return thrown
  return new GatewayError('file-missing', {
    temporary: false,
    publicMessage: `${file} cannot be read`,
    message: `${file} cannot be read (${code})`,
  })
}

/** One target for each line of a manifest. Throws GatewayError `bad-usage` with the row of a line that isn't one. */
export async function* readManifest(file: string): AsyncGenerator<ScanTarget> {
  let row = 0
  for await (const line of readLines(file)) {
    row++
    if (line.trim() === '') continue
    yield manifestLine(line, `${file}:${row}`)
  }
}

function manifestLine(line: string, place: string): ScanTarget {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    throw badLine(place, 'is not JSON')
  }
  if (typeof value !== 'object' || value === null) throw badLine(place, 'is not an object')
  const entry = value as Record<string, unknown>
  if (typeof entry.file !== 'string') throw badLine(place, 'has no `file`')
  const as = entry.as ?? undefined
  if (as !== undefined && as !== 'mail' && as !== 'upload') throw badLine(place, '`as` must be mail or upload')
  if (entry.headers !== undefined && typeof entry.headers !== 'object')
    throw badLine(place, '`headers` must be an object')
  const text = (key: string) => textOf(entry[key], `\`${key}\``, place)
  const to = [entry.to ?? []].flat()
  if (!to.every((item) => typeof item === 'string')) throw badLine(place, 'each of `to` must be text')
  return {
    file: entry.file,
    as,
    from: text('from'),
    to: to.length > 0 ? to : undefined,
    method: text('method'),
    url: text('url'),
    headers: headersOf(entry.headers),
    filename: text('filename'),
  }
}

/** `null` is as good as nothing; anything else that is no text would give a verdict on another envelope than was meant. */
function textOf(value: unknown, name: string, place: string): string | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string') throw badLine(place, `${name} must be text`)
  return value
}

/** Header values that are lists are joined as RFC 9110 section 5.3 allows. */
function headersOf(value: unknown): Record<string, string> | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const pairs = Array.isArray(value) ? (value as [string, unknown][]) : Object.entries(value)
  const headers: Record<string, string> = {}
  for (const [name, content] of pairs) {
    const text = [content].flat().map(String).join(', ')
    headers[String(name)] = headers[String(name)] === undefined ? text : `${headers[String(name)]}, ${text}`
  }
  return headers
}

function badLine(place: string, problem: string): GatewayError {
  const message = `${place} ${problem}; a manifest has one object a line, such as {"file":"a.eml"}`
  return new GatewayError('bad-usage', { temporary: false, publicMessage: message, message })
}
