import { limits } from '../../core/limits.ts'
import type { ExtractContext, Format, FormatInput } from '../format.ts'
import type { ByteStream } from '../stream/byte-stream.ts'

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
  extractStream: async (input, context) => streamMbox(input.stream, context),
}

async function streamMbox(stream: ByteStream, context: ExtractContext): Promise<void> {
  for (let number = 1; ; number++) {
    if (!context.budget.hasTime()) return context.uninspected('timeout', 'mbox')
    const { bytes, isWhole } = await nextMessage(stream)
    if (bytes.length === 0) return
    const lineEnd = bytes.indexOf(0x0a)
    const from = lineEnd < 0 ? bytes.length : lineEnd + 1
    context.text(bytes.toString('latin1', 0, from).trim())
    const label = `[${number}]`
    if (isWhole)
      await context.child({ bytes: bytes.subarray(from), filename: null, label, declaredType: 'message/rfc822' })
    else context.uninspected('too-large', `${limits.extractEntryMaxBytes} bytes`, label)
  }
}

/** What shows that a line begins a message. */
const FROM_LINE_BYTES = 1024

/** The next message with its `From ` line; empty at the end. One that is too large goes by, but for its beginning. */
async function nextMessage(stream: ByteStream): Promise<{ readonly bytes: Buffer; readonly isWhole: boolean }> {
  let searched = 1
  for (let span = limits.extractStreamChunkBytes; ; span *= 2) {
    const ahead = await stream.peek(span)
    const isLast = ahead.length < span
    const end = nextFromLine(ahead, searched, isLast)
    if (end >= 0) return { bytes: await stream.take(end), isWhole: true }
    if (isLast) return { bytes: await stream.take(ahead.length), isWhole: true }
    searched = Math.max(1, span - FROM_LINE_BYTES)
    if (span < limits.extractEntryMaxBytes) continue
    const beginning = Buffer.from((await stream.take(searched)).subarray(0, FROM_LINE_BYTES))
    await toNextMessage(stream)
    return { bytes: beginning, isWhole: false }
  }
}

async function toNextMessage(stream: ByteStream): Promise<void> {
  for (;;) {
    const ahead = await stream.peek(limits.extractStreamChunkBytes)
    const isLast = ahead.length < limits.extractStreamChunkBytes
    const end = nextFromLine(ahead, 1, isLast)
    await stream.skip(end >= 0 ? end : isLast ? ahead.length : ahead.length - FROM_LINE_BYTES)
    if (end >= 0 || isLast) return
  }
}

/** Where the next message begins; -1 where none does, or only what follows could tell. */
function nextFromLine(ahead: Buffer, from: number, isLast: boolean): number {
  const until = isLast ? ahead.length : ahead.length - FROM_LINE_BYTES
  for (let at = ahead.indexOf('\nFrom ', from - 1); at >= 0 && at < until; at = ahead.indexOf('\nFrom ', at + 1))
    if (isFromLine(ahead, at + 1)) return at + 1
  return -1
}

/** `From address date`, followed by something like a header field. */
function isFromLine(bytes: Buffer, at: number): boolean {
  const text = bytes.toString('latin1', at, Math.min(at + 600, bytes.length))
  return /^From \S*.{0,200}\d{4}.{0,60}\r?\n(?:>?From |[!-9;-~]{1,100}[ \t]*:)/.test(text)
}
