/**
 * RFC 4180 records out of a byte stream: quoted fields, doubled quotes, line ends inside quotes, CRLF or LF, a BOM. The
 * separator is told from the header line. Bounded in field and record size; throws GatewayError `csv-malformed` with the
 * record's number.
 */
import { GatewayError } from '../core/errors.ts'

const FIELD_MAX_CHARS = 64 * 1024
const FIELDS_MAX = 1_000
const SEPARATORS = [',', ';', '\t', '|']

export async function* csvRows(stream: AsyncIterable<Uint8Array>): AsyncGenerator<readonly string[]> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: false })
  const parser = new CsvParser()
  for await (const chunk of stream) yield* parser.push(decoder.decode(chunk, { stream: true }))
  yield* parser.push(decoder.decode())
  yield* parser.end()
}

class CsvParser {
  #separator: string | null = null
  #pending = ''
  #field = ''
  #fields: string[] = []
  #state: 'start' | 'plain' | 'quoted' | 'quote' = 'start'
  #record = 1

  #add(character: string): void {
    this.#field += character
    if (this.#field.length > FIELD_MAX_CHARS)
      throw this.#malformed(`a field is longer than ${FIELD_MAX_CHARS} characters`)
  }

  *push(text: string): Generator<string[]> {
    let input = text
    if (this.#separator === null) {
      this.#pending += input
      const end = this.#pending.search(/[\r\n]/)
      if (end < 0 && this.#pending.length < FIELD_MAX_CHARS) return
      this.#separator = separatorOf(this.#pending.slice(0, end < 0 ? undefined : end))
      input = this.#pending
      this.#pending = ''
    }
    for (const character of input) {
      const done = this.#take(character)
      if (done) yield done
    }
  }

  *end(): Generator<string[]> {
    if (this.#separator === null) {
      this.#separator = separatorOf(this.#pending)
      const rest = this.#pending
      this.#pending = ''
      yield* this.push(rest)
    }
    if (this.#state === 'quoted') throw this.#malformed('a quoted field is never closed')
    if (this.#field !== '' || this.#fields.length > 0) yield this.#finish()
  }

  #take(character: string): string[] | null {
    if (this.#state === 'quoted') {
      if (character === '"') this.#state = 'quote'
      else this.#add(character)
      return null
    }
    if (character === '"' && this.#state === 'start') {
      this.#state = 'quoted'
      return null
    }
    if (character === '"' && this.#state === 'quote') {
      this.#add('"')
      this.#state = 'quoted'
      return null
    }
    if (character === this.#separator) {
      this.#endField()
      return null
    }
    if (character === '\n') return this.#fields.length > 0 || this.#field !== '' ? this.#finish() : null
    if (character === '\r') return null
    if (this.#state === 'quote') throw this.#malformed('text follows a closing quote')
    this.#state = 'plain'
    this.#add(character)
    return null
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

function separatorOf(header: string): string {
  const counts = SEPARATORS.map((separator) => header.split(separator).length)
  return SEPARATORS[counts.indexOf(Math.max(...counts))] ?? ','
}
