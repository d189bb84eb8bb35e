import { limits } from '../../core/limits.ts'
import type { ExtractContext, Format, FormatInput } from '../format.ts'
import { endOfArchive, isEmptyArchive, isVolume, isWholeArchive, outlineOfRar } from '../readers/archive-shape.ts'
import { decodeName } from '../readers/entry-name.ts'
import { inflateCeiling } from '../readers/inflate.ts'
import { openLibarchive } from '../readers/libarchive-module.ts'
import type { OpenedArchive } from '../readers/opened-archive.ts'
import { commentOfRar4, isSealedRar4, openRar4, RAR4_MARK } from '../readers/rar4-opener.ts'
import { commentOfRar5, isSealedRar5, openRar5, RAR5_MARK } from '../readers/rar5-opener.ts'
import { isSealedSevenZip, openSevenZip, SEVEN_ZIP_MARK } from '../readers/seven-zip-opener.ts'
import { extractTrailing } from '../trailing-data.ts'

/**
 * Archives that libarchive reads: 7z, RAR 4 and 5, cab, small images of ISO 9660 (`iso.ts`), cpio, ar, rpm, xar, lha, warc. Each archive gets a
 * fresh WebAssembly instance, so its memory is bounded and nothing of one archive survives into the next. Encrypted
 * entries and directories are said to be so. libarchive opens none of them; with passwords of the policy the encryption of
 * 7z and RAR is taken off first.
 */
export const libarchive: Format = {
  id: 'archive',
  types: [
    'application/x-7z-compressed',
    'application/vnd.rar',
    'application/x-rar',
    'application/x-rar-compressed',
    'application/vnd.ms-cab-compressed',
    'application/x-cpio',
    'application/x-archive',
    'application/vnd.debian.binary-package',
    'application/x-debian-package',
    'application/x-rpm',
    'application/x-xar',
    'application/x-lzh-compressed',
    'application/x-lha',
    'application/warc',
  ],
  extract: async (input, context) => extractArchive(input, context),
}

async function extractArchive(input: FormatInput, context: ExtractContext): Promise<void> {
  const bytes = Buffer.from(input.bytes.buffer, input.bytes.byteOffset, input.bytes.byteLength)
  if (isVolume(bytes)) context.uninspected('partial', 'multi-volume')
  const opened = await openSealed(bytes, context)
  if (opened) context.trait('opened-with-password')
  if (opened?.isWhole === false) context.uninspected('corrupt', 'archive')
  await readComment(opened?.bytes ?? bytes, context)
  await readEntries(opened?.bytes ?? bytes, context, opened)
  // libarchive doesn't tell where the others end.
  const end = endOfArchive(bytes)
  if (end !== null && end < bytes.length) await extractTrailing(bytes.subarray(end), context)
}

/** The archive without its encryption where it has one and a password of the policy fits; else null. */
async function openSealed(bytes: Buffer, context: ExtractContext): Promise<OpenedArchive | null> {
  const opener = OPENERS.find(({ mark }) => bytes.subarray(0, mark.length).equals(mark))
  if (!opener || context.passwords.length === 0 || !(await opener.isSealed(bytes, context))) return null
  for (const password of context.passwords.slice(0, limits.extractPasswordsMax)) {
    if (!context.budget.hasTime()) return null
    const opened = await opener.open(bytes, password, context)
    if (opened && (opened.isProven || (await isProven(opened, context)))) return opened
  }
  return null
}

interface Opener {
  readonly mark: Buffer
  isSealed(bytes: Buffer, context: ExtractContext): boolean | Promise<boolean>
  open(bytes: Buffer, password: string, context: ExtractContext): OpenedArchive | null | Promise<OpenedArchive | null>
}

/** Formats whose encryption libarchive does not take off itself. */
const OPENERS: readonly Opener[] = [
  { mark: SEVEN_ZIP_MARK, isSealed: isSealedSevenZip, open: openSevenZip },
  { mark: RAR4_MARK, isSealed: isSealedRar4, open: openRar4 },
  { mark: RAR5_MARK, isSealed: isSealedRar5, open: openRar5 },
]

/** Whether the first file that was encrypted comes out with its checksum: what a wrong password leaves is noise. */
async function isProven(opened: OpenedArchive, context: ExtractContext): Promise<boolean> {
  const archive = await openLibarchive(opened.bytes)
  try {
    let number = 0
    for (let entry = archive.next(); entry !== null; entry = archive.next(), number++) {
      if (number < opened.firstSealed || !entry.isFile || entry.size === 0) continue
      const { bytes, problem } = archive.read(inflateCeiling(context), () => context.budget.hasTime())
      return problem !== 'corrupt' && (problem !== null || opened.holds(number, bytes))
    }
    return archive.failure() === null
  } finally {
    archive.close()
  }
}

/** The comment of a RAR archive, which programs show beside its files. */
async function readComment(bytes: Buffer, context: ExtractContext): Promise<void> {
  const isRar5 = bytes.subarray(0, RAR5_MARK.length).equals(RAR5_MARK)
  if (!isRar5 && !bytes.subarray(0, RAR4_MARK.length).equals(RAR4_MARK)) return
  const comment = isRar5 ? commentOfRar5(bytes) : commentOfRar4(bytes)
  if (comment === null) return
  const archive = await openLibarchive(comment.archive)
  try {
    const { bytes: raw, problem } =
      archive.next() === null
        ? { bytes: Buffer.alloc(0), problem: 'corrupt' as const }
        : archive.read(Math.min(inflateCeiling(context), limits.extractRarCommentMaxBytes), () =>
            context.budget.hasTime(),
          )
    if (problem !== null) context.uninspected(problem, 'archive comment')
    context.budget.inflate(Math.min(raw.length, context.budget.inflatedLeft))
    const text = comment.charset === null ? decodeName(raw) : raw.toString(comment.charset)
    context.text(text.replace(/\0+/g, '\n').trimEnd())
  } finally {
    archive.close()
  }
}

function isSealedRar(bytes: Buffer): boolean {
  return isSealedRar4(bytes) || isSealedRar5(bytes)
}

async function readEntries(bytes: Buffer, context: ExtractContext, opened: OpenedArchive | null): Promise<void> {
  const archive = await openLibarchive(bytes)
  try {
    const sealed: string[] = []
    const outline = outlineOfRar(bytes)
    const names = outline?.files ?? []
    let entries = 0
    for (; ; entries++) {
      if (entries >= limits.extractArchiveEntriesMax) {
        context.uninspected('too-many', 'archive entries')
        break
      }
      if (!context.budget.hasTime()) {
        context.uninspected('timeout', 'archive')
        break
      }
      const entry = archive.next()
      if (entry === null) break
      const name = names[entries] ?? entry.name
      if (entry.encrypted) {
        sealed.push(name)
        continue
      }
      if (!entry.isFile) {
        context.text(name)
        if (entry.target) context.text(entry.target)
        continue
      }
      const read = archive.read(inflateCeiling(context), () => context.budget.hasTime())
      context.budget.inflate(Math.min(read.bytes.length, context.budget.inflatedLeft))
      if (read.problem !== null) context.uninspected(read.problem, 'archive', name)
      else if (opened?.holds(entries, read.bytes) === false) context.uninspected('corrupt', 'checksum', name)
      if (read.problem === null || read.bytes.length > 0)
        await context.child({ bytes: read.bytes, filename: name || null })
    }
    const failure = archive.failure()
    // An archive that is cut off within a header ends well for libarchive, and so do some that are encrypted.
    if (failure === null && entries === 0 && !isEmptyArchive(bytes))
      context.uninspected(isSealedRar(bytes) ? 'encrypted' : 'corrupt', 'archive')
    if (failure === null && entries > 0 && !isWholeArchive(bytes)) context.uninspected('corrupt', 'archive')
    // libarchive goes by whichever mark it likes best: members of something else are none of this archive.
    else if (failure === null && outline?.isWhole && outline.end !== null && entries < names.length)
      context.uninspected('corrupt', 'archive')
    sayEnd(failure, sealed, context)
  } finally {
    archive.close()
  }
}

function sayEnd(failure: string | null, sealed: readonly string[], context: ExtractContext): void {
  for (const name of sealed) {
    context.text(name)
    context.uninspected('encrypted', 'archive entry', name)
  }
  if (failure === null) return
  if (/encrypt|passphrase|password/i.test(failure)) context.uninspected('encrypted', 'archive directory')
  else if (/unsupported|not supported|unrecognized|unavailable/i.test(failure))
    context.uninspected('unsupported', 'archive method')
  else context.uninspected('corrupt', 'archive')
}
