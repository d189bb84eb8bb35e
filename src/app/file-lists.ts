/** Lists of files that a person or a script gives: plain lists, manifests, standard input. Read as streams, line by line. */
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { GatewayError } from '../core/errors.ts'
import type { ScanTarget } from './scan-input.ts'

/** Lines of a file, `-` for standard input. Throws GatewayError `file-missing`. */
export async function* readLines(file: string): AsyncGenerator<string> {
  const stream = file === '-' ? process.stdin : createReadStream(file)
  try {
    for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) yield line
  } catch (thrown) {
    const code = (thrown as NodeJS.ErrnoException).code
    if (!code) throw thrown
    throw new GatewayError('file-missing', {
      temporary: false,
      publicMessage: `${file} cannot be read`,
      message: `${file} cannot be read (${code})`,
    })
  }
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
  if (entry.as !== undefined && entry.as !== 'mail' && entry.as !== 'upload')
    throw badLine(place, '`as` must be mail or upload')
  const text = (key: string) => (typeof entry[key] === 'string' ? (entry[key] as string) : undefined)
  const to =
    entry.to === undefined ? undefined : [entry.to].flat().filter((item): item is string => typeof item === 'string')
  return {
    file: entry.file,
    as: entry.as as 'mail' | 'upload' | undefined,
    from: text('from'),
    to,
    method: text('method'),
    url: text('url'),
    headers: headersOf(entry.headers),
    filename: text('filename'),
  }
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
