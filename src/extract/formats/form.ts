import { decodeText } from '../charset.ts'
import { readEmbedded } from '../embedded/read-embedded.ts'
import type { ExtractContext, Format, FormatInput } from '../format.ts'

/** `application/x-www-form-urlencoded` (WHATWG URL section 5): one line `name: value` for each pair. */
export const form: Format = {
  id: 'form',
  types: ['application/x-www-form-urlencoded'],
  async extract(input: FormatInput, context: ExtractContext): Promise<void> {
    const source = Buffer.from(input.bytes.buffer, input.bytes.byteOffset, input.bytes.length).toString('latin1')
    const text = readPairs(source, input.parameters.charset ?? null)
    context.text(text)
    await readEmbedded(text, context)
  },
}

/** Decodes pairs; `source` holds one byte a character. */
export function readPairs(source: string, charset: string | null): string {
  const lines: string[] = []
  for (const pair of source.split(/[&\r\n]+/)) {
    const equals = pair.indexOf('=')
    const name = decodePiece(equals < 0 ? pair : pair.slice(0, equals), charset)
    if (equals < 0) lines.push(name)
    else lines.push(`${name}: ${decodePiece(pair.slice(equals + 1), charset)}`)
  }
  return lines.join('\n')
}

function decodePiece(piece: string, charset: string | null): string {
  if (!/[%+]/.test(piece) && !/[^\x00-\x7f]/.test(piece)) return piece
  const plain = piece
    .replaceAll('+', ' ')
    .replace(/%([0-9a-f]{2})/gi, (_whole: string, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replace(/%u([0-9a-f]{4})/gi, (_whole: string, hex: string) =>
      Buffer.from(String.fromCharCode(Number.parseInt(hex, 16)), 'utf8').toString('latin1'),
    )
  return decodeText(Buffer.from(plain, 'latin1'), charset).text
}
