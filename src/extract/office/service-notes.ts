import { limits } from '../../core/limits.ts'
import { signatureOf } from '../signatures.ts'
import type { OoxmlPackage, OoxmlPart } from './ooxml-package.ts'

const NAME = /^(?:word|xl|ppt)\/metadata$/
const RELATIONSHIP = /^(?:workbook|presentation|document|docs)metadata$/
/** Fields of a protocol buffer, or the sign of what is sealed for the service itself. */
const BEGINNINGS: readonly (readonly number[])[] = [[0x0a], [0x1a], [0x00, 0xc5, 0x16, 0xda, 0x65]]

/**
 * Whether a part is what Google's editors note for themselves in every file they export (`xl/metadata`): numbers of sheets
 * and slides, mostly sealed, which no reader of Office shows. Anything odd about it (its size, its beginning, a known
 * format) makes it a part like any other. What can be read of it is left to the caller.
 */
export function isServiceNotes(part: OoxmlPart, bytes: Buffer, opened: OoxmlPackage): boolean {
  if (!NAME.test(part.name) || bytes.length > limits.extractServiceNotesMaxBytes) return false
  if (!opened.relationships.some((r) => r.target === part.name && !r.external && RELATIONSHIP.test(r.type)))
    return false
  return signatureOf(bytes) === null && BEGINNINGS.some((marks) => marks.every((mark, at) => bytes[at] === mark))
}
