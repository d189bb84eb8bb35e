import { inflateSync } from 'node:zlib'
import { type BerNode, berChildren, berContent, berNodeAt, berOid } from '../asn1/ber.ts'
import type { ExtractContext, Format, FormatInput } from '../format.ts'

/**
 * CMS / PKCS #7 (RFC 5652), the envelope of S/MIME: signed content is read, compressed content is opened (RFC 3274),
 * enveloped and encrypted content is reported. Certificates and signatures are not verified here.
 */
const PREFIX = '1.2.840.113549.1.7.'
const COMPRESSED = '1.2.840.113549.1.9.16.1.9'
const AUTH_ENVELOPED = '1.2.840.113549.1.9.16.1.23'

export const cms: Format = {
  id: 'cms',
  types: ['application/pkcs7-mime', 'application/pkcs7-signature', 'application/x-pkcs7-mime'],
  async extract(input: FormatInput, context: ExtractContext): Promise<void> {
    const bytes = Buffer.from(input.bytes.buffer, input.bytes.byteOffset, input.bytes.length)
    const info = berNodeAt(bytes, 0, bytes.length)
    const [type, wrapped] = info ? berChildren(bytes, info) : []
    if (!type) return context.uninspected('corrupt', 'cms')
    const content = wrapped ? berChildren(bytes, wrapped)[0] : undefined
    await readContent(bytes, berOid(bytes, type), content, context)
  },
}

async function readContent(
  bytes: Buffer,
  type: string,
  content: BerNode | undefined,
  context: ExtractContext,
): Promise<void> {
  switch (type) {
    case `${PREFIX}1`:
      return content && emit(berContent(bytes, content), context)
    case `${PREFIX}2`:
      context.trait('digitally-signed')
      return readEncapsulated(bytes, content, 2, context)
    case `${PREFIX}5`:
      return readEncapsulated(bytes, content, 2, context)
    case `${PREFIX}3`:
    case `${PREFIX}4`:
    case AUTH_ENVELOPED:
      return context.uninspected('encrypted', 'S/MIME')
    case `${PREFIX}6`:
      return context.uninspected('encrypted', 'PKCS7')
    case COMPRESSED:
      return readCompressed(bytes, content, context)
    default:
      return context.uninspected('unsupported', 'cms')
  }
}

/** SignedData and DigestedData: version, algorithms, then EncapsulatedContentInfo, whose content may be detached. */
async function readEncapsulated(
  bytes: Buffer,
  data: BerNode | undefined,
  index: number,
  context: ExtractContext,
): Promise<void> {
  const info = data ? berChildren(bytes, data)[index] : undefined
  if (!info) return context.uninspected('corrupt', 'cms')
  const [, wrapped] = berChildren(bytes, info)
  const content = wrapped ? berChildren(bytes, wrapped)[0] : undefined
  if (content) await emit(berContent(bytes, content), context)
}

async function readCompressed(bytes: Buffer, data: BerNode | undefined, context: ExtractContext): Promise<void> {
  const info = data ? berChildren(bytes, data)[2] : undefined
  const wrapped = info ? berChildren(bytes, info)[1] : undefined
  const content = wrapped ? berChildren(bytes, wrapped)[0] : undefined
  if (!content) return context.uninspected('corrupt', 'cms')
  const inner = inflateSync(berContent(bytes, content), { maxOutputLength: Math.max(1, context.budget.inflatedLeft) })
  if (!context.budget.inflate(inner.length)) return context.uninspected('too-large', 'cms')
  await emit(inner, context)
}

/** What is inside is a MIME entity: a message, with or without the fields of one. */
async function emit(content: Buffer, context: ExtractContext): Promise<void> {
  const isEntity = /^(?:[!-9;-~]+[ \t]*:|\r?\n)/.test(content.toString('latin1', 0, 200))
  await context.child({
    bytes: content,
    filename: null,
    label: '[signed]',
    declaredType: isEntity ? 'message/rfc822' : null,
  })
}
