import { decodeText } from '../charset.ts'
import type { ExtractContext, Format, FormatInput } from '../format.ts'
import { parseMediaType } from '../media-type.ts'

/** An RFC 5322 message: header fields are its text, its leaf parts are its children. */
export const mime: Format = {
  id: 'mime',
  types: ['message/rfc822', 'message/global', 'message/news'],
  async extract(input: FormatInput, context: ExtractContext): Promise<void> {
    await readEntity(Buffer.from(input.bytes.buffer, input.bytes.byteOffset, input.bytes.length), '', true, context)
  },
}

async function readEntity(entity: Buffer, label: string, isRoot: boolean, context: ExtractContext): Promise<void> {
  const { fields, body } = splitHeader(entity)
  if (isRoot) for (const [name, value] of fields) context.text(`${name}: ${value}`)
  const field = (name: string) => fields.find(([n]) => n.toLowerCase() === name)?.[1] ?? null
  const type = parseMediaType(field('content-type') ?? 'text/plain')
  const boundary = type.parameters.boundary
  if (type.type?.startsWith('multipart/') && boundary) {
    let count = 0
    for (const part of splitMultipart(body, boundary))
      await readEntity(part, label === '' ? `${++count}` : `${label}.${++count}`, false, context)
    return
  }
  const encoding = (field('content-transfer-encoding') ?? '').trim().toLowerCase()
  const disposition = parseMediaType((field('content-disposition') ?? '').replace(/^\s*([^;/]+)/, 'x/$1'))
  await context.child({
    bytes:
      encoding === 'base64'
        ? Buffer.from(body.toString('latin1'), 'base64')
        : encoding === 'quoted-printable'
          ? decodeQuotedPrintable(body)
          : body,
    filename: disposition.parameters.filename ?? type.parameters.name ?? null,
    label: `[${label || 1}]`,
    declaredType: type.type,
    parameters: type.parameters,
    traits: disposition.type === 'x/attachment' ? ['attachment'] : [],
  })
}

function splitHeader(entity: Buffer): { fields: [string, string][]; body: Buffer } {
  const text = entity.toString('latin1', 0, 1024 * 1024)
  const end = /^\r?\n|\r?\n\r?\n/.exec(text)
  const at = end ? end.index + end[0].length : entity.length
  const block = decodeText(entity.subarray(0, end?.index ?? entity.length), 'utf-8').text
  const lines = block.replace(/\r?\n(?=[ \t])/g, '').split(/\r?\n/)
  const fields: [string, string][] = []
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (colon > 0) fields.push([line.slice(0, colon).trim(), line.slice(colon + 1).trim()])
  }
  return { fields, body: entity.subarray(at) }
}

function splitMultipart(body: Buffer, boundary: string): Buffer[] {
  const mark = Buffer.from(`--${boundary}`)
  const parts: Buffer[] = []
  let from = -1
  for (let at = body.indexOf(mark); at >= 0; at = body.indexOf(mark, at + mark.length)) {
    if (at > 0 && body[at - 1] !== 0x0a) continue
    if (from >= 0) parts.push(body.subarray(from, body[at - 2] === 0x0d ? at - 2 : at - 1))
    const line = body.indexOf(0x0a, at)
    from = line < 0 ? body.length : line + 1
  }
  if (from >= 0 && from < body.length) parts.push(body.subarray(from))
  return parts
}

function decodeQuotedPrintable(body: Buffer): Buffer {
  const text = body
    .toString('latin1')
    .replace(/[ \t]+(?=\r?\n)/g, '')
    .replace(/=\r?\n/g, '')
    .replace(/=([0-9a-f]{2})/gi, (_whole: string, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(text, 'latin1')
}
