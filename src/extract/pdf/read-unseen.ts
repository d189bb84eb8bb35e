import { isUtf8 } from 'node:buffer'
import { hash } from 'node:crypto'
import { limits } from '../../core/limits.ts'
import type { ExtractContext } from '../format.ts'
import { xmlToText } from '../readers/xml-walker.ts'
import { gapLines } from './gap-lines.ts'
import type { Inventory } from './inventory.ts'
import type { KnownText } from './known-text.ts'
import { decodedStream, dictOf, type PdfFile } from './pdf-file.ts'
import { pdfStringText } from './pdf-string-text.ts'

/**
 * Words of a PDF that no reader shows, beside its content streams: strings of any object, text in comments and between
 * objects, scripts, forms and private data, embedded files that nothing lists. What is `known` is not given again.
 */
export async function readUnseenWords(
  file: PdfFile,
  inventory: Inventory,
  known: KnownText,
  context: ExtractContext,
): Promise<void> {
  for (const gap of file.gaps) for (const line of gapLines(gap)) inventory.strings.line(line)
  const words = inventory.strings.unknown((text) => known.has(text))
  if (words.length > 0) context.text(words.join('\n'))
  for (const word of words) known.add(word)
  if (inventory.strings.isCut) context.uninspected('too-many', 'pdf strings')
  for (const bytes of inventory.texts) {
    const lines = known.fresh(textOf(bytes, context))
    if (lines.length > 0) context.text(lines.join('\n'))
  }
}

function textOf(bytes: Buffer, context: ExtractContext): string {
  if (/^(?:\xef\xbb\xbf)?\s*</.test(bytes.toString('latin1', 0, 64))) return xmlToText(bytes, context)
  return isUtf8(bytes) ? bytes.toString('utf8') : pdfStringText(bytes.toString('latin1'))
}

/** Embedded files whose content is not among those `attached` already, given by digest. */
export async function readUnseenFiles(
  file: PdfFile,
  inventory: Inventory,
  attached: ReadonlySet<string>,
  context: ExtractContext,
): Promise<void> {
  const seen = new Set(attached)
  for (const { object, filename } of inventory.files) {
    if (!context.budget.hasTime()) {
      context.uninspected('timeout', 'pdf attachments')
      return
    }
    const { bytes, isTooLarge } = decodedStream(file, object, dictOf(object), limits.extractEntryMaxBytes)
    if (bytes === null) {
      const reason = isTooLarge ? 'too-large' : file.isSealed ? 'encrypted' : 'unsupported'
      context.uninspected(reason, 'attachment', filename ?? undefined)
      continue
    }
    const digest = attachmentDigest(bytes)
    if (seen.has(digest)) continue
    seen.add(digest)
    await context.child({ bytes, filename, label: '[embedded]', traits: ['attachment', 'hidden-content'] })
  }
}

export function attachmentDigest(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'base64')
}
