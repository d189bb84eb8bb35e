import { limits } from '../../core/limits.ts'
import type { ExtractContext, Format, FormatInput } from '../format.ts'
import { inflateCeiling } from '../readers/inflate.ts'
import { openLibarchive } from '../readers/libarchive-module.ts'

/**
 * Archives that libarchive reads: 7z, RAR 4 and 5, cab, ISO 9660, cpio, ar, rpm, xar, lha, warc. Each archive gets a
 * fresh WebAssembly instance, so its memory is bounded and nothing of one archive survives into the next. Encrypted
 * entries and directories are said to be so; with passwords of the policy they are opened where libarchive can.
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
  const passwords = ['', ...context.passwords.slice(0, limits.extractPasswordsMax)]
  for (const [index, password] of passwords.entries()) {
    const sealed = await readWith(password, input, context, index === passwords.length - 1)
    if (!sealed) return
  }
}

/** True: something was sealed to this password, and another one may be tried. The last try says what stays sealed. */
async function readWith(
  password: string,
  input: FormatInput,
  context: ExtractContext,
  isLast: boolean,
): Promise<boolean> {
  const archive = await openLibarchive(input.bytes, password)
  try {
    const sealed: string[] = []
    for (let entries = 0; ; entries++) {
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
      if (entry.encrypted && password === '' && !isLast) return true
      if (entry.encrypted && password === '') {
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
      if (entry.encrypted && read.problem === 'corrupt' && read.bytes.length === 0) {
        if (!isLast) return true
        sealed.push(entry.name)
        continue
      }
      if (entry.encrypted) context.trait('opened-with-password')
      if (read.problem !== null) context.uninspected(read.problem, 'archive', entry.name)
      if (read.problem === null || read.bytes.length > 0) {
        await context.child({ bytes: read.bytes, filename: entry.name || null })
      }
    }
    return sayEnd(archive.failure(), sealed, context, isLast)
  } finally {
    archive.close()
  }
}

function sayEnd(failure: string | null, sealed: readonly string[], context: ExtractContext, isLast: boolean): boolean {
  for (const name of sealed) {
    context.text(name)
    context.uninspected('encrypted', 'archive entry', name)
  }
  if (failure === null) return false
  const encrypted = /encrypt|passphrase|password/i.test(failure)
  if (encrypted && !isLast) return true
  if (encrypted) context.uninspected('encrypted', 'archive directory')
  else if (/unsupported|not supported|unrecognized/i.test(failure)) context.uninspected('unsupported', 'archive method')
  else context.uninspected('corrupt', 'archive')
  return false
}
