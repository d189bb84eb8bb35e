import { limits } from '../../core/limits.ts'
import { decodeText } from '../charset.ts'
import { type ExtractContext, ExtractLimitError, type Format, type FormatInput } from '../format.ts'
import { decodeHeaderValue } from '../mime/encoded-word.ts'
import { EntityWalk, type Leaf } from '../mime/entity.ts'
import type { HeaderBlock } from '../mime/header.ts'
import { readLabelFields } from '../mime/label-fields.ts'
import { readByMailparser } from '../mime/mailparser-reading.ts'

/**
 * An RFC 5322 message. Its text is its header fields, decoded, the subject first, then the headers of its body parts;
 * its children are its leaf parts, multiparts resolved. A message that receivers may read differently is `ambiguous`,
 * and what any of the readings shows is a child as well.
 */
export const mime: Format = {
  id: 'mime',
  types: ['message/rfc822', 'message/global', 'message/news'],
  async extract(input: FormatInput, context: ExtractContext): Promise<void> {
    const bytes = withLineFeeds(Buffer.from(input.bytes.buffer, input.bytes.byteOffset, input.bytes.length))
    const walk = new EntityWalk(bytes, {
      headerMaxBytes: context.budget.limits.headerMaxBytes,
      partsMax: context.budget.limits.mimePartsMax,
      depthMax: context.budget.limits.mimeDepthMax,
      readingsMax: limits.extractMimeReadingsMax,
    })
    const header = walk.walk()
    context.text(messageHeaderText(header))
    readLabelFields(header.fields, context)
    for (const part of walk.partHeaders) if (part.fields.length + part.junk.length > 0) context.text(headerText(part))
    for (const remark of walk.remarks) context.text(decodeText(remark, null).text)
    for (const leaf of walk.leaves) await emit(leaf, context)
    for (const note of walk.notes)
      context.uninspected(note.reason, note.detail, note.label === '' ? undefined : `[${note.label}]`)
    if (walk.notes.some((note) => note.reason === 'ambiguous')) await readByMailparser(bytes, walk.leaves, context)
  },
}

async function emit(leaf: Leaf, context: ExtractContext): Promise<void> {
  if (!context.budget.inflate(leaf.bytes.length)) throw new ExtractLimitError('too-large', 'body parts')
  const [filename = null, ...otherNames] = leaf.names
  for (const name of otherNames) context.text(name)
  await context.child({
    bytes: leaf.bytes,
    filename,
    label: `[${leaf.label}]`,
    declaredType: leaf.mediaType,
    parameters: leaf.parameters,
    traits: leaf.attachment ? ['attachment'] : [],
  })
}

/** Fields that people write come first, trace fields in the order they stand in. */
const firstFields = ['subject', 'from', 'to', 'cc', 'reply-to', 'keywords', 'comments']

function messageHeaderText(header: HeaderBlock): string {
  const rank = (name: string) => {
    const at = firstFields.indexOf(name)
    return at < 0 ? firstFields.length : at
  }
  const fields = header.fields.toSorted((a, b) => rank(a.name) - rank(b.name))
  return headerText({ ...header, fields })
}

function headerText(header: Pick<HeaderBlock, 'fields' | 'junk'>): string {
  const lines: string[] = []
  for (const field of header.fields) lines.push(`${field.written}: ${decodeHeaderValue(field.value)}`)
  for (const line of header.junk) lines.push(decodeHeaderValue(line))
  return lines.join('\n')
}

/** Files of old Macintosh mail programs end their lines with CR alone. */
function withLineFeeds(bytes: Buffer): Buffer {
  if (bytes.includes(0x0a) || !bytes.includes(0x0d)) return bytes
  const copy = Buffer.from(bytes)
  for (let at = copy.indexOf(0x0d); at >= 0; at = copy.indexOf(0x0d, at + 1)) copy[at] = 0x0a
  return copy
}
