import { decodeText } from '../charset.ts'
import { tellWithFiles } from '../embedded/read-embedded.ts'
import type { ExtractContext, Format, FormatInput } from '../format.ts'
import { streamText } from '../stream/stream-text.ts'

/**
 * JSON, JSON lines and what comes close to them. The text stays as it is written, so that names stand beside their
 * values, with the escapes of its strings undone. Nothing is parsed into objects: broken JSON reads as well as good.
 */
export const json: Format = {
  id: 'json',
  types: [
    'application/json',
    'application/jsonl',
    'application/ld+json',
    'application/geo+json',
    'application/manifest+json',
  ],
  async extract(input: FormatInput, context: ExtractContext): Promise<void> {
    const decoded = decodeText(input.bytes, input.parameters.charset ?? null)
    for (const source of [decoded.text, ...decoded.others]) {
      const text = source.includes('\\') ? unescapeJson(source) : source
      await tellWithFiles(text, context)
    }
  },
  extractStream: (input, context) =>
    streamText(input, context, { transform: (piece) => (piece.includes('\\') ? unescapeJson(piece) : piece) }),
}

const ESCAPE = /\\(?:u([0-9a-fA-F]{4})|(["\\/bfnrt]))/g
const simple: Readonly<Record<string, string>> = { b: ' ', f: ' ', n: '\n', r: '\r', t: '\t' }

/** Undoes `\uXXXX` and the short escapes (RFC 8259 section 7). */
export function unescapeJson(source: string): string {
  return source.replace(ESCAPE, (_whole: string, hex: string | undefined, short: string | undefined) =>
    hex !== undefined ? String.fromCharCode(Number.parseInt(hex, 16)) : (simple[short ?? ''] ?? short ?? ''),
  )
}
