import type { ExtractContext, Format } from '../format.ts'
import { readIsoDirectory } from '../readers/iso-directory.ts'
import { type ByteSource, chunksOf } from '../stream/byte-source.ts'
import { ByteStream } from '../stream/byte-stream.ts'
import { PagedBytes } from '../stream/paged-bytes.ts'
import { libarchive } from './libarchive.ts'

/** Disk images after ISO 9660: small ones as libarchive reads them, large ones file by file at their places. */
export const iso: Format = {
  id: 'archive',
  types: ['application/x-iso9660-image'],
  extract: (input, context) => libarchive.extract(input, context),
  extractStream: async ({ source }, context) => (source ? streamIso(source, context) : undefined),
  needsSource: true,
}

async function streamIso(source: ByteSource, context: ExtractContext): Promise<void> {
  const { files, volumes, problems } = readIsoDirectory(new PagedBytes(source))
  for (const { reason, detail } of problems) context.uninspected(reason, detail)
  for (const volume of new Set(volumes)) context.text(volume)
  for (const { name, extents, size } of files) {
    if (!context.budget.hasTime()) return context.uninspected('timeout', 'iso')
    const stream = new ByteStream(contentOf(source, extents))
    await context.childStream({ stream, filename: name })
    if (stream.size < size) context.uninspected('corrupt', 'truncated', name)
  }
}

function* contentOf(source: ByteSource, extents: readonly { readonly start: number; readonly size: number }[]) {
  for (const { start, size } of extents) yield* chunksOf(source, start, Math.min(source.size, start + size))
}
