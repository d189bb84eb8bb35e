import { limits } from '../core/limits.ts'
import { type HeaderField, parseHead } from './message-head.ts'
import { type MimeField, parseMimeField } from './mime-field.ts'

/**
 * Finds the leaf parts of a message as byte ranges, with the display path that the extractor gives them. Cuts are made
 * along these ranges, so the walk follows one strict reading of RFC 2046 and gives up on whatever has two.
 */
export interface MimeLeaf {
  /** `mail/report.zip`, `mail/[2.1]`, `mail/forwarded.eml/report.zip`. */
  readonly path: string
  /** Header and body of the entity, without the CRLF that belongs to the next delimiter. */
  readonly start: number
  readonly end: number
  /** Whether the entity is the message itself: its header is then the message's header. */
  readonly isMessage: boolean
  readonly contentFields: readonly HeaderField[]
}

/** Structure that readers may read in another way than we do: nothing may be cut out of such a message. */
export class AmbiguousMimeError extends Error {
  constructor(detail: string) {
    super(`ambiguous MIME structure: ${detail}`)
    this.name = 'AmbiguousMimeError'
  }
}

/** Throws AmbiguousMimeError. */
export function mimeLeaves(message: Buffer): readonly MimeLeaf[] {
  const leaves: MimeLeaf[] = []
  walkEntity({ message, start: 0, end: message.length, label: '', folder: 'mail', depth: 0, isMessage: true }, leaves)
  return leaves
}

interface Entity {
  readonly message: Buffer
  readonly start: number
  readonly end: number
  /** `1.2` for the second part of the first part; empty at the top of a message. */
  readonly label: string
  readonly folder: string
  readonly depth: number
  readonly isMessage: boolean
}

function walkEntity(entity: Entity, leaves: MimeLeaf[]): void {
  const { message, start, end, label, folder, depth } = entity
  if (depth > limits.extractDepthMax) throw new AmbiguousMimeError('too deep')
  if (leaves.length > limits.extractMimePartsMax) throw new AmbiguousMimeError('too many parts')
  const head = parseHead(message.subarray(start, end))
  const bodyStart = start + head.bytes.length
  const contentFields = head.fields.filter(({ name }) => name.startsWith('content-'))
  const type = single(contentFields, 'content-type')
  const boundary = type?.parameters.get('boundary')
  if (type?.value.startsWith('multipart/')) {
    if (!boundary) throw new AmbiguousMimeError('a multipart without a boundary')
    if (!isIdentity(contentFields)) throw new AmbiguousMimeError('an encoded multipart')
    for (const [index, range] of splitMultipart(message, bodyStart, end, boundary).entries()) {
      const partLabel = label === '' ? `${index + 1}` : `${label}.${index + 1}`
      walkEntity({ ...entity, ...range, label: partLabel, depth: depth + 1, isMessage: false }, leaves)
    }
    return
  }
  const path = `${folder}/${leafName(type, contentFields) || `[${label || 1}]`}`
  leaves.push({ path, start, end, isMessage: entity.isMessage, contentFields: contentFields.map(shifted(start)) })
  if (type?.value === 'message/rfc822' && isIdentity(contentFields))
    walkEntity({ ...entity, start: bodyStart, label: '', folder: path, depth: depth + 1, isMessage: false }, leaves)
}

function shifted(by: number): (field: HeaderField) => HeaderField {
  return (field) => ({
    ...field,
    start: field.start + by,
    end: field.end + by,
    valueStart: field.valueStart + by,
  })
}

/** RFC 2046 section 5.1.1. Preamble and epilogue belong to no part. */
function splitMultipart(
  message: Buffer,
  start: number,
  end: number,
  boundary: string,
): readonly { readonly start: number; readonly end: number }[] {
  const delimiter = Buffer.from(`--${boundary}`, 'latin1')
  const parts: { start: number; end: number }[] = []
  let open: number | null = null
  for (let at = message.indexOf(delimiter, start); at >= 0 && at < end; at = message.indexOf(delimiter, at + 2)) {
    if (at !== start && message[at - 1] !== 0x0a) continue
    const lineEnd = message.indexOf('\r\n', at)
    const stop = lineEnd < 0 || lineEnd > end ? end : lineEnd
    const rest = message.toString('latin1', at + delimiter.length, stop)
    const closes = /^--[ \t]*$/.test(rest)
    if (!closes && !/^[ \t]*$/.test(rest)) {
      // A longer boundary of an inner multipart may begin with ours; readers differ on what that line is.
      throw new AmbiguousMimeError('a line that only begins with the boundary')
    }
    if (open !== null) parts.push({ start: open, end: Math.max(open, at - 2) })
    open = closes ? null : Math.min(end, stop + 2)
    if (closes) return parts
  }
  throw new AmbiguousMimeError('a multipart that is not closed')
}

/** The name that stands in the part's path: as the extractor shows it. */
function leafName(type: MimeField | null, fields: readonly HeaderField[]): string {
  const disposition = single(fields, 'content-disposition')
  const name = disposition?.parameters.get('filename') ?? type?.parameters.get('name') ?? ''
  const clean = name.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '')
  return clean.length > limits.extractNameMaxChars ? `${clean.slice(0, limits.extractNameMaxChars)}\u2026` : clean
}

function isIdentity(fields: readonly HeaderField[]): boolean {
  const encoding = single(fields, 'content-transfer-encoding')
  return encoding === null || ['7bit', '8bit', 'binary'].includes(encoding.value)
}

function single(fields: readonly HeaderField[], name: string): MimeField | null {
  const [field, second] = fields.filter((candidate) => candidate.name === name)
  if (!field) return null
  if (second) throw new AmbiguousMimeError(`two ${name} fields`)
  const parsed = parseMimeField(field.value)
  if (!parsed) throw new AmbiguousMimeError(`an unreadable ${name}`)
  return parsed
}
