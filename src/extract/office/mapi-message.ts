import type { ExtractContext } from '../format.ts'
import { decodeCodePage } from '../readers/code-page.ts'
import { inflateCeiling } from '../readers/inflate.ts'
import { decompressRtf } from './compressed-rtf.ts'

/**
 * What Outlook files and TNEF have in common: MAPI properties ([MS-OXPROPS]). Words a person wrote or sees become text
 * or children; identifiers, addresses in X.400 form and other bookkeeping don't. Bodies are children of their own type.
 */
export interface MapiProperty {
  readonly id: number
  readonly type: number
  /** Raw value of a string or binary property. */
  readonly data: Buffer
}

export const MAPI = {
  subject: 0x0037,
  headers: 0x007d,
  body: 0x1000,
  rtf: 0x1009,
  html: 0x1013,
  attachData: 0x3701,
  attachName: 0x3704,
  attachLongName: 0x3707,
  attachMethod: 0x3705,
  attachMime: 0x370e,
  displayName: 0x3001,
  internetCodePage: 0x3fde,
  messageCodePage: 0x3ffd,
} as const

export const TYPE_STRING8 = 0x1e
export const TYPE_UNICODE = 0x1f
export const TYPE_BINARY = 0x102
export const TYPE_OBJECT = 0x0d

/** Strings that repeat what others say, or that no one reads. */
const BOOKKEEPING = new Set([
  0x001a, 0x0064, 0x0075, 0x0077, 0x003b, 0x0c1e, 0x3002, 0x300b, 0x3ff8, 0x3ffa, 0x0076, 0x0070, 0x0e02, 0x0e1d,
  0x3703, 0x370d, 0x1035, 0x1042, 0x1039, 0x0065, 0x0042, 0x0044, 0x4022, 0x4023, 0x4024, 0x4025, 0x4030, 0x4031,
  0x4038, 0x4039,
])
const BODIES = new Set<number>([MAPI.body, MAPI.rtf, MAPI.html, MAPI.headers])

export function mapiString(property: MapiProperty, page: number): string {
  const text = property.type === TYPE_UNICODE ? property.data.toString('utf16le') : decodeCodePage(property.data, page)
  return text.replace(/\0+$/, '')
}

/** Sender, subject and every other string property, one a line. */
export function mapiWords(properties: readonly MapiProperty[], page: number): string {
  const lines = new Set<string>()
  for (const property of properties) {
    const isString = property.type === TYPE_STRING8 || property.type === TYPE_UNICODE
    if (!isString || BODIES.has(property.id) || BOOKKEEPING.has(property.id)) continue
    const text = mapiString(property, page).trim()
    if (text !== '' && !/^\/o=|^(?:SMTP|EX):|^IPM(?:\.|$)/i.test(text)) lines.add(text)
  }
  return [...lines].join('\n')
}

/** Plain text as text of the message; HTML and RTF as children, since those formats find what is hidden in them. */
export async function extractBodies(
  properties: readonly MapiProperty[],
  page: number,
  context: ExtractContext,
): Promise<void> {
  for (const property of properties) {
    if (property.data.length === 0) continue
    switch (property.id) {
      case MAPI.headers:
        await context.child({
          bytes: Buffer.from(`${mapiString(property, page).trim()}\r\n\r\n`, 'utf8'),
          filename: null,
          label: '[headers]',
          declaredType: 'message/rfc822',
        })
        break
      case MAPI.body:
        context.text(mapiString(property, page))
        break
      case MAPI.html:
        await extractHtml(property, page, context)
        break
      case MAPI.rtf:
        await extractRtf(property, context)
        break
      default:
    }
  }
}

async function extractHtml(property: MapiProperty, page: number, context: ExtractContext): Promise<void> {
  const isText = property.type !== TYPE_BINARY
  const bytes = isText ? Buffer.from(mapiString(property, page), 'utf8') : property.data
  await context.child({
    bytes,
    filename: null,
    label: '[html]',
    declaredType: 'text/html',
    ...(isText ? { parameters: { charset: 'utf-8' } } : page > 0 ? { parameters: { charset: `cp${page}` } } : {}),
  })
}

async function extractRtf(property: MapiProperty, context: ExtractContext): Promise<void> {
  const rtf = decompressRtf(property.data, inflateCeiling(context))
  if (rtf === null) {
    context.uninspected('corrupt', 'compressed rtf')
    return
  }
  context.budget.inflate(Math.min(rtf.length, context.budget.inflatedLeft))
  await context.child({ bytes: rtf, filename: null, label: '[rtf]', declaredType: 'application/rtf' })
}
