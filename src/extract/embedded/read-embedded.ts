import { limits } from '../../core/limits.ts'
import type { ExtractContext } from '../format.ts'
import { findBase64Files, hasCodedRun } from './base64-files.ts'
import { findBinHex } from './binhex.ts'
import type { EmbeddedFile } from './embedded-file.ts'
import { readPgpArmor } from './pgp-armor.ts'
import { sealedIn } from './sealed-texts.ts'
import { findUuencoded } from './uuencode.ts'
import { findYenc } from './yenc.ts'

/**
 * Files that stand inside a text: uuencode, yEnc, BinHex, OpenPGP and PKCS #7 armour, data URIs, base64 of a known file
 * format. Each becomes a child; the text itself stays as it is. What decodes to mere text is left to the detectors, which
 * decode for themselves.
 */
export async function readEmbedded(text: string, context: ExtractContext, bytes?: Uint8Array): Promise<void> {
  const found: EmbeddedFile[][] = []
  if (/^begin(?:-base64)? [0-7]{3,4} /m.test(text)) found.push(findUuencoded(text))
  if (text.includes('=ybegin ')) found.push(findYenc(bytes ? latin1(bytes) : text))
  if (text.includes('with BinHex')) found.push(findBinHex(text))
  if (text.includes('-----BEGIN')) await readPgpArmor(text, context)
  for (const kind of sealedIn(text)) context.uninspected('encrypted', kind)
  found.push(findBase64Files(text))
  const files = found.flat()
  for (const [at, file] of files.entries()) {
    if (at >= limits.extractEmbeddedMax) {
      context.uninspected('too-many', `${limits.extractEmbeddedMax} embedded files`)
      return
    }
    if (file.partial) context.uninspected('partial', file.via, file.filename ?? undefined)
    if (!context.budget.inflate(file.bytes.length)) {
      context.uninspected('too-large', file.via)
      return
    }
    await context.child({
      bytes: file.bytes,
      filename: file.filename,
      label: `[${file.via} ${at + 1}]`,
      declaredType: file.declaredType ?? null,
      parameters: file.parameters ?? {},
      via: file.via,
    })
  }
}

/** Tells a text that was decoded from `bytes`, and reads the files that stand inside it. */
export async function tellWithFiles(text: string, context: ExtractContext, bytes?: Uint8Array): Promise<void> {
  if (text === '') return
  const utf8 = Buffer.from(text, 'utf8')
  context.text(utf8)
  if (mayEmbed(utf8)) await readEmbedded(text, context, bytes)
}

/** A word of each mark that `readEmbedded` and `sealedIn` look for, chosen to begin with a letter that prose rarely has. */
const MARKS = ['=ybegin ', 'BinHex', 'BEGIN', 'ANSIBLE_VAULT', 'U2FsdGVkX1'].map((mark) => Buffer.from(mark, 'latin1'))
const UUENCODE_MARK = Buffer.from('begin', 'latin1')

/** Whether there can be anything in the text for `readEmbedded` to find; most texts are told from their bytes. */
export function mayEmbed(utf8: Buffer): boolean {
  return MARKS.some((mark) => utf8.includes(mark)) || mayHoldUuencode(utf8) || hasCodedRun(utf8)
}

/** The word at the start of a line, the line separators of Unicode included. */
function mayHoldUuencode(utf8: Buffer): boolean {
  for (let at = utf8.indexOf(UUENCODE_MARK); at >= 0; at = utf8.indexOf(UUENCODE_MARK, at + 1)) {
    const before = utf8[at - 1] ?? 0x0a
    const behind = utf8[at + UUENCODE_MARK.length]
    const startsLine = before === 0x0a || before === 0x0d || before >= 0x80
    if (startsLine && (behind === 0x20 || behind === 0x2d)) return true
  }
  return false
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
}
