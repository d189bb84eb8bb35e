import { limits } from '../../core/limits.ts'
import { decodeText } from '../charset.ts'
import type { ExtractContext, Format, FormatInput } from '../format.ts'
import { EntityWalk, type Leaf } from '../mime/entity.ts'
import { isBinary } from '../signatures.ts'

/**
 * `multipart/form-data` and other multiparts that stand alone as an upload (RFC 7578, RFC 2387). Fields are lines
 * `name: value` of this part's text, so that a name stands beside its value; files are children.
 */
export const formData: Format = {
  id: 'form-data',
  types: ['multipart/form-data', 'multipart/related', 'multipart/mixed'],
  async extract(input: FormatInput, context: ExtractContext): Promise<void> {
    const bytes = Buffer.from(input.bytes.buffer, input.bytes.byteOffset, input.bytes.length)
    const walk = new EntityWalk(bytes, {
      headerMaxBytes: context.budget.limits.headerMaxBytes,
      partsMax: context.budget.limits.mimePartsMax,
      depthMax: context.budget.limits.mimeDepthMax,
      readingsMax: limits.extractMimeReadingsMax,
    })
    walk.walkMultipart(input.sniffedType, input.parameters.boundary ?? null)
    for (const header of walk.partHeaders) {
      for (const field of header.fields)
        if (field.name !== 'content-disposition')
          context.text(`${field.written}: ${decodeText(Buffer.from(field.value, 'latin1'), null).text}`)
      for (const line of header.junk) context.text(decodeText(Buffer.from(line, 'latin1'), null).text)
    }
    for (const remark of walk.remarks) context.text(decodeText(remark, null).text)
    for (const leaf of walk.leaves) await emit(leaf, context)
    for (const note of walk.notes)
      context.uninspected(note.reason, note.detail, note.label === '' ? undefined : `[${note.label}]`)
  },
}

/** Values of fields longer than this are files that lost their name. */
const FIELD_MAX_BYTES = 4096

async function emit(leaf: Leaf, context: ExtractContext): Promise<void> {
  const [filename = null, ...otherNames] = leaf.names
  for (const name of otherNames) context.text(name)
  const field = leaf.field ?? ''
  const isField =
    filename === null &&
    leaf.bytes.length <= FIELD_MAX_BYTES &&
    !isBinary(leaf.bytes) &&
    leaf.mediaType === 'text/plain'
  if (isField && !/[A-Za-z0-9+/]{40}/.test(leaf.bytes.toString('latin1'))) {
    context.text(`${field}: ${decodeText(leaf.bytes, leaf.parameters.charset ?? null).text}`)
    return
  }
  if (field !== '') context.text(field)
  await context.child({
    bytes: leaf.bytes,
    filename,
    label: field === '' ? `[${leaf.label}]` : field,
    declaredType: leaf.mediaType,
    parameters: leaf.parameters,
    traits: filename === null ? [] : ['attachment'],
  })
}
