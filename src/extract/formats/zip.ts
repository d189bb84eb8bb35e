import { limits } from '../../core/limits.ts'
import type { ChildPart, ExtractContext, Format } from '../format.ts'
import { openZip, type ZipArchive } from '../readers/zip-archive.ts'
import { scanLocals, type ZipEntry, type ZipGap } from '../readers/zip-directory.ts'
import { signatureOf } from '../signatures.ts'
import { PagedBytes, type RandomBytes, randomBytes } from '../stream/paged-bytes.ts'
import { extractTrailing } from '../trailing-data.ts'

/**
 * Zip files of every kind: each entry a child, comments and the names of what can't be opened as text. Bytes that the
 * directory does not account for (a stub in front, data between or behind entries) are children too and set
 * `trailing-data`; entries that only a streaming reader would see are read and told as `ambiguous`.
 */
export const zip: Format = {
  id: 'zip',
  types: [
    'application/zip',
    'application/x-zip',
    'application/x-zip-compressed',
    'application/java-archive',
    'application/vnd.android.package-archive',
    'application/x-xpinstall',
    'application/vnd.google-earth.kmz',
  ],
  extract: async (input, context) => extractZip(input.bytes, context),
  extractStream: async ({ source }, context) => (source ? extractZip(new PagedBytes(source), context) : undefined),
  needsSource: true,
}

async function extractZip(input: Uint8Array | PagedBytes, context: ExtractContext): Promise<void> {
  const archive = openZip(input, context)
  const { directory } = archive
  if (directory.comment) context.text(directory.comment)
  for (const entry of directory.entries) await extractEntry(archive, entry, context)
  for (const entry of directory.variants) await extractEntry(archive, entry, context)
  await extractGaps(input, archive, context)
}

/** Marks that tell a format stand within so much. */
const SIGNATURE_BYTES = 64 * 1024

/** One entry as a child; its comment as text. */
export async function extractEntry(
  archive: ZipArchive,
  entry: ZipEntry,
  context: ExtractContext,
  extra: Partial<Omit<ChildPart, 'bytes'>> = {},
): Promise<void> {
  if (entry.comment) context.text(entry.comment)
  if (entry.name.endsWith('/') && entry.size === 0) {
    context.text(entry.name)
    return
  }
  const { streamFromBytes } = context.budget.limits
  const stream = Math.max(entry.size, entry.compressedSize) > streamFromBytes ? archive.stream(entry) : null
  if (stream) return await context.childStream({ ...extra, stream, filename: entry.name })
  const bytes = await archive.read(entry)
  if (bytes === null) context.text(entry.name)
  else await context.child({ bytes, filename: entry.name, ...extra })
}

/** What the directory does not account for, and what stands behind the content of entries. Also used by documents that are zip files. */
export async function extractGaps(
  input: Uint8Array | PagedBytes,
  archive: ZipArchive,
  context: ExtractContext,
): Promise<void> {
  const bytes = randomBytes(input)
  const gaps = archive.directory.gaps.slice(0, limits.extractSniffNamesMax)
  if (gaps.length < archive.directory.gaps.length) context.uninspected('too-many', 'data between entries')
  // Behind another format's file: that format reads the front part itself, the same bytes need not be read twice.
  const owned = signatureOf(input instanceof PagedBytes ? input.subarray(0, SIGNATURE_BYTES) : input)
  for (const gap of gaps) {
    if (gap.kind === 'gap' && isSigningBlock(bytes, gap)) continue
    if (gap.kind === 'prefix' && owned !== null && owned !== 'application/zip') {
      context.trait('trailing-data')
      continue
    }
    const { entries: hidden, isCut } =
      gap.kind === 'trailing' ? { entries: [], isCut: false } : scanLocals(bytes, gap.start, gap.end)
    if (isCut) context.uninspected('too-many', 'entries outside the directory')
    for (const entry of hidden) {
      context.trait('trailing-data')
      context.trait('hidden-content')
      context.uninspected('ambiguous', 'entry outside the directory', entry.name)
      await extractEntry(archive, entry, context)
    }
    if (hidden.length > 0 && hidden[0]?.localOffset === gap.start) continue
    // Tools that align entries fill up with zeros, which are nothing to tell.
    const end = Math.min(gap.end, gap.start + limits.extractEntryMaxBytes)
    if (end < gap.end) context.uninspected('too-large', `${gap.kind} data`)
    await extractTrailing(bytes.subarray(gap.start, end), context, { label: `[${gap.kind}]` })
  }
  for (const { name, bytes: slack } of archive.slacks)
    await extractTrailing(slack, context, { label: `[behind ${name}]` })
}

/** Android packages keep their signatures between the last entry and the directory. */
function isSigningBlock(bytes: RandomBytes, gap: ZipGap): boolean {
  return bytes.subarray(gap.end - 16, gap.end).toString('latin1') === 'APK Sig Block 42'
}
