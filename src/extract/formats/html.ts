import { decodeText } from '../charset.ts'
import { mayEmbed, readEmbedded } from '../embedded/read-embedded.ts'
import type { ExtractContext, Format, FormatInput } from '../format.ts'
import { readHtml } from '../html/html-reader.ts'
import { parseMediaType } from '../media-type.ts'

/** HTML, XHTML and the rich text types of mail. What is shown comes first, then what is not; data URIs are children. */
export const html: Format = {
  id: 'html',
  types: ['text/html', 'application/xhtml+xml', 'text/enriched', 'text/richtext', 'image/svg+xml'],
  async extract(input: FormatInput, context: ExtractContext): Promise<void> {
    const { text, others } = decodeText(input.bytes, input.parameters.charset ?? metaCharset(input.bytes))
    for (const source of [text, ...others]) {
      // Browsers drop NUL.
      const read = readHtml(source.includes('\0') ? source.replaceAll('\0', '') : source)
      const [visible, hidden] = [Buffer.from(read.visible, 'utf8'), Buffer.from(read.hidden, 'utf8')]
      context.text(visible)
      context.text(hidden)
      if (read.hasHiddenText) context.trait('hidden-content')
      for (const [at, uri] of read.dataUris.entries()) await emitDataUri(uri, at, context)
      if (mayEmbed(visible)) await readEmbedded(read.visible, context, input.bytes)
      if (mayEmbed(hidden)) await readEmbedded(read.hidden, context)
    }
  },
}

/** `<meta charset>` counts where the sender names none; wide charsets can't be named that way. */
function metaCharset(bytes: Uint8Array): string | null {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 1024)).toString('latin1')
  const name = /<meta[^>]{1,200}charset\s*=\s*["']?([\w:-]{1,40})/i.exec(head)?.[1]?.toLowerCase()
  return name === undefined || /utf-?(?:16|32)/.test(name) ? null : name
}

async function emitDataUri(uri: string, at: number, context: ExtractContext): Promise<void> {
  const comma = uri.indexOf(',')
  if (comma < 0) return
  const head = uri.slice('data:'.length, comma)
  const isBase64 = /;\s*base64\s*$/i.test(head)
  const coded = uri.slice(comma + 1)
  const unescaped = coded.includes('%') ? percentDecode(coded) : Buffer.from(coded, 'utf8')
  const bytes = isBase64 ? Buffer.from(unescaped.toString('latin1'), 'base64') : unescaped
  if (bytes.length === 0) return
  const declared = parseMediaType(head.replace(/;\s*base64\s*$/i, ''))
  await context.child({
    bytes,
    filename: null,
    label: `[data-uri ${at + 1}]`,
    declaredType: declared.type,
    parameters: declared.parameters,
    via: 'data-uri',
  })
}

function percentDecode(coded: string): Buffer {
  const bytes = Buffer.from(coded, 'utf8').toString('latin1')
  return Buffer.from(
    bytes.replace(/%([0-9a-f]{2})/gi, (_whole: string, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  )
}
