import { limits } from '../../core/limits.ts'
import type { ExtractContext, Format, FormatInput } from '../format.ts'
import { isEmptyArchive, isVolume, isWholeArchive } from '../readers/archive-shape.ts'
import { inflateCeiling } from '../readers/inflate.ts'
import { openLibarchive } from '../readers/libarchive-module.ts'
import { isSealedSevenZip, openSevenZip } from '../readers/seven-zip-opener.ts'

/**
 * Archives that libarchive reads: 7z, RAR 4 and 5, cab, ISO 9660, cpio, ar, rpm, xar, lha, warc. Each archive gets a
 * fresh WebAssembly instance, so its memory is bounded and nothing of one archive survives into the next. Encrypted
 * entries and directories are said to be so. libarchive opens none of them; with passwords of the policy the encryption of
 * 7z is taken off first.
 */
export const libarchive: Format = {
  id: 'archive',
  types: [
    'application/x-7z-compressed',
    'application/vnd.rar',
    'application/x-rar',
    'application/x-rar-compressed',
    'application/vnd.ms-cab-compressed',
    'application/x-iso9660-image',
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
  const opened = await openSealed(input.sniffedType, bytes, context)
  if (opened) context.trait('opened-with-password')
  await readEntries(opened ?? bytes, context)
}

/** The archive without its encryption where it has one and a password of the policy fits; else null. */
async function openSealed(type: string, bytes: Buffer, context: ExtractContext): Promise<Buffer | null> {
  const opener = OPENERS[type]
  if (!opener || context.passwords.length === 0 || !(await opener.isSealed(bytes, context))) return null
  for (const password of context.passwords.slice(0, limits.extractPasswordsMax)) {
    if (!context.budget.hasTime()) return null
    const opened = await opener.open(bytes, password, context)
    if (opened && (await holds(opened, context))) return opened
  }
  return null
}

interface Opener {
  isSealed(bytes: Buffer, context: ExtractContext): Promise<boolean>
  open(bytes: Buffer, password: string, context: ExtractContext): Promise<Buffer | null>
}

/** Formats whose encryption libarchive does not take off itself. */
const OPENERS: Readonly<Record<string, Opener>> = {
  'application/x-7z-compressed': { isSealed: isSealedSevenZip, open: openSevenZip },
}

/** Whether the first file comes out with its checksum: what a wrong password leaves is noise. */
async function holds(bytes: Buffer, context: ExtractContext): Promise<boolean> {
  const archive = await openLibarchive(bytes)
  try {
    for (let entry = archive.next(); entry !== null; entry = archive.next()) {
      if (!entry.isFile || entry.size === 0) continue
      const { problem } = archive.read(inflateCeiling(context), () => context.budget.hasTime())
      return problem !== 'corrupt'
    }
    return archive.failure() === null
  } finally {
    archive.close()
  }
}

async function readEntries(bytes: Buffer, context: ExtractContext): Promise<void> {
  const archive = await openLibarchive(bytes)
  try {
    const sealed: string[] = []
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
      if (entry.encrypted) {
        sealed.push(entry.name)
        continue
      }
      if (!entry.isFile) {
        context.text(entry.name)
        if (entry.target) context.text(entry.target)
        continue
      }
      const read = archive.read(inflateCeiling(context), () => context.budget.hasTime())
      context.budget.inflate(Math.min(read.bytes.length, context.budget.inflatedLeft))
      if (read.problem !== null) context.uninspected(read.problem, 'archive', entry.name)
      if (read.problem === null || read.bytes.length > 0)
        await context.child({ bytes: read.bytes, filename: entry.name || null })
    }
    const failure = archive.failure()
    // An archive that is cut off within a header ends well for libarchive.
    if (failure === null && (entries === 0 ? !isEmptyArchive(bytes) : !isWholeArchive(bytes)))
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
  else if (/unsupported|not supported|unrecognized/i.test(failure)) context.uninspected('unsupported', 'archive method')
  else context.uninspected('corrupt', 'archive')
}
