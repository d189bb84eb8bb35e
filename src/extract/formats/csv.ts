import { decodeText } from '../charset.ts'
import { readEmbedded } from '../embedded/read-embedded.ts'
import type { ExtractContext, Format, FormatInput, StreamInput } from '../format.ts'
import { streamText } from '../stream/stream-text.ts'

/** Separated values (RFC 4180 and its neighbours): cells apart by their separator and a TAB, rows by LF. */
export const csv: Format = {
  id: 'csv',
  types: ['text/csv', 'text/tab-separated-values'],
  async extract(input: FormatInput, context: ExtractContext): Promise<void> {
    const decoded = decodeText(input.bytes, input.parameters.charset ?? null)
    for (const source of [decoded.text, ...decoded.others]) context.text(new CellParter(source).part(source))
    await readEmbedded(decoded.text, context, input.bytes)
  },
  async extractStream(input: StreamInput, context: ExtractContext): Promise<void> {
    let cells: CellParter | null = null
    await streamText(input, context, {
      transform: (piece) => {
        cells ??= new CellParter(piece)
        return cells.part(piece)
      },
    })
  },
}

const separators = [',', ';', '\t', '|'] as const
const SAMPLE_CHARS = 8192

/** The separator that stands in most rows equally often; null where the text is no table. */
function separatorOf(text: string): string | null {
  const stated = /^sep=(.)\r?\n/i.exec(text)?.[1]
  if (stated) return stated
  const rows = text
    .slice(0, SAMPLE_CHARS)
    .split(/\r?\n/)
    .filter((row) => row !== '')
    .slice(0, 50)
  let best: string | null = null
  let bestRows = 0
  for (const separator of separators) {
    const counts = rows.map((row) => row.replace(/"[^"]*"/g, '').split(separator).length - 1)
    const most = counts[0] ?? 0
    const alike = counts.filter((count) => count === most && count > 0).length
    if (alike > bestRows) [best, bestRows] = [separator, alike]
  }
  return bestRows * 2 >= rows.length ? best : null
}

/** A TAB behind each separator, a blank for each line break inside quotes; everything else as it is written. */
class CellParter {
  readonly #separator: string | null
  #quoted = false

  constructor(beginning: string) {
    this.#separator = separatorOf(beginning)
  }

  /** The next piece of the table. */
  part(text: string): string {
    const separator = this.#separator
    if (separator === null || separator === '\t') return text
    if (!this.#quoted && !text.includes('"')) return text.replaceAll(separator, `${separator}\t`)
    const out: string[] = []
    let quoted = this.#quoted
    let from = 0
    const code = separator.charCodeAt(0)
    for (let at = 0; at < text.length; at++) {
      const c = text.charCodeAt(at)
      // A doubled quote inside quotes ends and begins them, which comes to the same.
      if (c === 0x22) quoted = !quoted
      else if (quoted && (c === 0x0a || c === 0x0d)) {
        out.push(text.slice(from, at), ' ')
        from = at + 1
      } else if (!quoted && c === code) {
        out.push(text.slice(from, at + 1), '\t')
        from = at + 1
      }
    }
    out.push(text.slice(from))
    this.#quoted = quoted
    return out.join('')
  }
}
