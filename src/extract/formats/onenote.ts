import { limits } from '../../core/limits.ts'
import type { ExtractContext, Format, FormatInput } from '../format.ts'
import { filesInOneNote, prefixedTexts } from '../office/onenote-values.ts'

/**
 * OneNote sections and tables of contents, as the desktop program and the service write them ([MS-ONESTORE],
 * [MS-FSSHTTPB]). Text stands uncompressed behind its length, whatever object it belongs to, earlier versions of a page
 * included, so every such text is read without the tree of objects. Embedded files and pictures are children. Sections
 * with a password are `encrypted`; a file in which no text is found is `partial`.
 */
export const oneNote: Format = {
  id: 'one',
  types: ['application/onenote', 'application/msonenote'],
  extract: (input, context) => extractOneNote(input, context),
}

/** Header of the key of an encrypted section ([MS-ONESTORE] 2.5.19). */
const ENCRYPTION_KEY = Buffer.from('67a0d1da85a36bfb', 'hex')

async function extractOneNote(input: FormatInput, context: ExtractContext): Promise<void> {
  const bytes = Buffer.from(input.bytes.buffer, input.bytes.byteOffset, input.bytes.byteLength)
  if (bytes.includes(ENCRYPTION_KEY)) context.uninspected('encrypted', 'OneNote password')
  const { files, isCut } = filesInOneNote(bytes, limits.extractOneNoteFilesMax)
  const { texts, isWhole } = prefixedTexts(bytes, files)
  if (texts.length > 0) context.text(texts.join('\n'))
  if (texts.length === 0 || !isWhole) context.uninspected('partial', 'OneNote')
  if (isCut) context.uninspected('corrupt', 'OneNote files')
  if (files.length >= limits.extractOneNoteFilesMax) context.uninspected('too-many', 'OneNote files')
  for (const [index, { start, end }] of files.entries())
    await context.child({ bytes: bytes.subarray(start, end), filename: null, label: `[file ${index + 1}]` })
}
