import { GatewayError } from '../core/errors.ts'
import type { Edit } from './edits.ts'
import { decodeHeaderText, encodedWords, headerField, needsEncoding } from './encoded-word.ts'
import { type HeaderField, type MessageHead, unfold } from './message-head.ts'

/** Header changes as edits: a field added above the original ones or put in place of some, a tag before the subject. */

/** Throws GatewayError `bad-header` for a name that is no field name (RFC 5322 section 2.2). */
export function addHeader(name: string, value: string): Edit {
  if (!/^[!-9;-~]{1,76}$/.test(name))
    throw new GatewayError('bad-header', {
      temporary: false,
      publicMessage: 'The message could not be changed.',
      message: 'A policy adds a header whose name is not a field name.',
    })
  return { start: 0, end: 0, replacement: Buffer.from(headerField(name, value)) }
}

/** Takes out every field of that name and adds one on top; no edit where it stands there once with that value. */
export function setHeader(head: MessageHead, name: string, value: string): readonly Edit[] {
  const added = addHeader(name, value)
  const present = head.fields.filter((field) => field.name === name.toLowerCase())
  const [only] = present
  if (only && present.length === 1 && decodeHeaderText(unfold(only.value)) === value) return []
  return [added, ...present.map(({ start, end }) => ({ start, end, replacement: new Uint8Array() }))]
}

/** Tags every Subject that has no such tag yet (answers to a tagged message have it); adds one where there is none. */
export function tagSubject(head: MessageHead, tags: readonly string[]): readonly Edit[] {
  const subjects = head.fields.filter((field) => field.name === 'subject')
  if (subjects.length === 0)
    return [{ start: 0, end: 0, replacement: Buffer.from(headerField('Subject', tags.join(' '))) }]
  return subjects.flatMap((field) => tagField(head, field, tags))
}

function tagField(head: MessageHead, field: HeaderField, tags: readonly string[]): readonly Edit[] {
  const subject = decodeHeaderText(unfold(field.value))
  const missing = tags.filter((tag) => !subject.includes(tag))
  if (missing.length === 0) return []
  const leading = /^(?:[ \t]|\r\n[ \t])*/.exec(field.value)?.[0].length ?? 0
  const rest = field.value.slice(leading)
  const start = field.valueStart
  const tag = cleanTag(missing.join(' '))
  if (rest === '') return [{ start, end: start + leading, replacement: Buffer.from(` ${encodeTag(tag, false)}`) }]
  const text = encodeTag(tag, rest.startsWith('=?'))
  const firstLine = rest.split('\r\n', 1)[0] ?? ''
  const column = head.bytes.toString('latin1', field.start, start).length + text.length + 2 + firstLine.length
  const gap = column > 78 ? '\r\n ' : ' '
  return [{ start, end: start + leading, replacement: Buffer.from(` ${text}${gap}`) }]
}

/** Controls would end the field. */
function cleanTag(tag: string): string {
  return tag.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim()
}

/** White space between two encoded-words is dropped by readers (RFC 2047 section 6.2), so it goes into the word. */
function encodeTag(tag: string, beforeEncodedWord: boolean): string {
  if (!needsEncoding(tag)) return tag
  return encodedWords(beforeEncodedWord ? `${tag} ` : tag).join('\r\n ')
}
