/**
 * RFC 4180 records out of a byte stream: quoted fields, doubled quotes, line ends inside quotes, CRLF, LF or CR, a BOM.
 * The separator is told from the header line. Bounded in field and record size; throws GatewayError `csv-malformed`
 * with the record's number. Fields are cut out between special characters, not put together of single ones.
 */
import { GatewayError } from '../core/errors.ts'

const FIELD_MAX_CHARS = 64 * 1024
const FIELDS_MAX = 1_000
const SEPARATORS = [',', ';', '\t', '|']

/** All records of one chunk at a time: a step of an asynchronous loop for each of millions would cost more. */
export async function* csvRowBatches(stream: AsyncIterable<Uint8Array>): AsyncGenerator<readonly string[][]> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: false })
  const parser = new CsvParser()
  for await (const chunk of stream) yield parser.push(decoder.decode(chunk, { stream: true }))
  yield parser.push(decoder.decode())
  yield parser.end()
}

class CsvParser {
  #separator: string | null = null
  /** Where a plain field ends. */
  #stops = /[,\r\n]/g
  #header = ''
  #field = ''
  #fields: string[] = []
  /** `quote`: one was read inside quotes, which closes the field or is half of a doubled one. */
  #state: 'start' | 'plain' | 'quoted' | 'quote' = 'start'
  #record = 1

  push(text: string): string[][] {
    if (this.#separator !== null) return this.#read(text)
    this.#header += text
    const end = headerEnd(this.#header)
    if (end < 0 && this.#header.length < FIELD_MAX_CHARS) return []
    return this.#begin(end < 0 ? this.#header : this.#header.slice(0, end))
  }

  end(): string[][] {
    const rows = this.#separator === null ? this.#begin(this.#header) : []
    if (this.#state === 'quoted') throw this.#malformed('a quoted field is never closed')
    if (this.#state !== 'start' || this.#fields.length > 0) rows.push(this.#finish())
    return rows
  }

  #begin(header: string): string[][] {
    const separator = separatorOf(header)
    this.#separator = separator
    this.#stops = new RegExp(`[${separator === '|' ? '\\|' : separator}\r\n]`, 'g')
    const all = this.#header
    this.#header = ''
    return this.#read(all)
  }

  #read(text: string): string[][] {
    const rows: string[][] = []
    let at = 0
    while (at < text.length) {
      if (this.#state === 'quoted') {
        const quote = text.indexOf('"', at)
        this.#add(text.slice(at, quote < 0 ? text.length : quote))
        at = quote < 0 ? text.length : quote + 1
        if (quote >= 0) this.#state = 'quote'
        continue
      }
      const character = text[at]
      if (character === '"' && (this.#state === 'start' || this.#state === 'quote')) {
        if (this.#state === 'quote') this.#add('"')
        this.#state = 'quoted'
        at++
        continue
      }
      if (character === this.#separator) {
        this.#endField()
        at++
        continue
      }
      if (character === '\n' || character === '\r') {
        if (this.#state !== 'start' || this.#fields.length > 0) rows.push(this.#finish())
        at++
        continue
      }
      if (this.#state === 'quote') throw this.#malformed('text follows a closing quote')
      this.#state = 'plain'
      this.#stops.lastIndex = at
      const stop = this.#stops.exec(text)?.index ?? text.length
      this.#add(text.slice(at, stop))
      at = stop
    }
    return rows
  }

  #add(text: string): void {
    this.#field = this.#field === '' ? text : this.#field + text
    if (this.#field.length > FIELD_MAX_CHARS)
      throw this.#malformed(`a field is longer than ${FIELD_MAX_CHARS} characters`)
  }

  #endField(): void {
    this.#fields.push(this.#field)
    if (this.#fields.length > FIELDS_MAX) throw this.#malformed(`it has more than ${FIELDS_MAX} fields`)
    this.#field = ''
    this.#state = 'start'
  }

  #finish(): string[] {
    this.#endField()
    const record = this.#fields
    this.#fields = []
    this.#record++
    return record
  }

  #malformed(problem: string): GatewayError {
    const message = `record ${this.#record}: ${problem}`
    return new GatewayError('csv-malformed', { temporary: false, publicMessage: message, message })
  }
}

/** The end of the first line, quoted line ends left aside; -1 when it is not there yet. */
function headerEnd(text: string): number {
  let quoted = false
  for (let i = 0; i < text.length; i++) {
    const character = text[i]
    if (character === '"') quoted = !quoted
    else if (!quoted && (character === '\n' || character === '\r') && i > 0) return i
  }
  return -1
}

/** The one that stands most often outside quotes. */
function separatorOf(header: string): string {
  const bare = header.replace(/"[^"]*"?/g, '')
  const counts = SEPARATORS.map((separator) => bare.split(separator).length)
  return SEPARATORS[counts.indexOf(Math.max(...counts))] ?? ','
}
