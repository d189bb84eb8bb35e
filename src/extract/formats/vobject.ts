import { decodeText } from '../charset.ts'
import { readEmbedded } from '../embedded/read-embedded.ts'
import type { ExtractContext, Format, FormatInput } from '../format.ts'
import { decodeQuotedPrintable } from '../mime/transfer-encoding.ts'

/** Contacts and calendars (RFC 6350, RFC 5545, vCard 2.1): folded lines joined, escapes and encodings undone. */
export const vobject: Format = {
  id: 'vobject',
  types: ['text/vcard', 'text/x-vcard', 'text/directory', 'text/calendar', 'text/x-vcalendar', 'application/ics'],
  async extract(input: FormatInput, context: ExtractContext): Promise<void> {
    const decoded = decodeText(input.bytes, input.parameters.charset ?? null)
    const unfolded = joinSoftBreaks(decoded.text.replace(/\r?\n[ \t]/g, ''))
    const lines: string[] = []
    for (const line of unfolded.split(/\r?\n/)) {
      const colon = valueAt(line)
      const head = line.slice(0, colon)
      const value = line.slice(colon + 1)
      if (/encoding=(?:b|base64)\b|;base64\b/i.test(head) && value.length > 0) await emitBinary(head, value, context)
      else if (/quoted-printable/i.test(head))
        lines.push(
          `${head}: ${decodeText(decodeQuotedPrintable(Buffer.from(value, 'latin1')), /charset=([\w-]+)/i.exec(head)?.[1] ?? null).text}`,
        )
      else
        lines.push(
          `${head}${colon < line.length ? ':' : ''}${value.replace(/\\n/gi, '\n').replace(/\\([,;\\])/g, '$1')}`,
        )
    }
    const text = lines.join('\n')
    context.text(text)
    for (const other of decoded.others) context.text(other)
    await readEmbedded(text, context)
  },
}

/** vCard 2.1 breaks quoted-printable values by a `=` at the end of the line; base64 ends lines that way as well. */
function joinSoftBreaks(text: string): string {
  if (!/quoted-printable/i.test(text)) return text
  const out: string[] = []
  let open: string[] = []
  for (const line of text.split(/\r?\n/)) {
    if (line.endsWith('=') && (open.length > 0 || /quoted-printable/i.test(line))) {
      open.push(line.slice(0, -1))
      continue
    }
    out.push(open.length === 0 ? line : [...open, line].join(''))
    open = []
  }
  out.push(open.join(''))
  return out.join('\n')
}

/** The colon that ends name and parameters: the first outside quotes. */
function valueAt(line: string): number {
  let quoted = false
  for (let at = 0; at < line.length; at++) {
    const c = line.charCodeAt(at)
    if (c === 0x22) quoted = !quoted
    else if (c === 0x3a && !quoted) return at
  }
  return line.length
}

async function emitBinary(head: string, value: string, context: ExtractContext): Promise<void> {
  const filename = /(?:filename|x-filename|x-apple-filename)="?([^";:]{1,255})/i.exec(head)?.[1] ?? null
  const declared = /fmttype=([\w.+/-]{1,100})/i.exec(head)?.[1]?.toLowerCase() ?? null
  const property = /^[\w-]{1,30}/.exec(head)?.[0]?.toLowerCase() ?? 'binary'
  await context.child({
    bytes: Buffer.from(value, 'base64'),
    filename,
    label: `[${property}]`,
    declaredType: declared,
    via: 'base64',
  })
}
