import type { ExtractContext, Format, FormatInput } from '../format.ts'

/** Mailboxes of one file (RFC 4155): each `From ` line after a blank line starts a message, a child. */
export const mbox: Format = {
  id: 'mbox',
  types: ['application/mbox'],
  async extract(input: FormatInput, context: ExtractContext): Promise<void> {
    const bytes = Buffer.from(input.bytes.buffer, input.bytes.byteOffset, input.bytes.length)
    const starts = [0]
    for (let at = bytes.indexOf('\nFrom '); at >= 0; at = bytes.indexOf('\nFrom ', at + 1)) {
      if (isFromLine(bytes, at + 1)) starts.push(at + 1)
    }
    for (const [i, start] of starts.entries()) {
      const lineEnd = bytes.indexOf(0x0a, start)
      const from = lineEnd < 0 ? bytes.length : lineEnd + 1
      const message = bytes.subarray(from, Math.max(from, starts[i + 1] ?? bytes.length))
      context.text(bytes.toString('latin1', start, from).trim())
      await context.child({ bytes: message, filename: null, label: `[${i + 1}]`, declaredType: 'message/rfc822' })
    }
  },
}

/** `From address date`, followed by something like a header field. */
function isFromLine(bytes: Buffer, at: number): boolean {
  const text = bytes.toString('latin1', at, Math.min(at + 600, bytes.length))
  return /^From \S*.{0,200}\d{4}.{0,60}\r?\n(?:>?From |[!-9;-~]{1,100}[ \t]*:)/.test(text)
}
