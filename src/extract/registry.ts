import type { Format } from './format.ts'
import { brotli, bzip2, compress, lz4, lzma, xz, zlibStream, zstd } from './formats/compressed.ts'
import { gzip } from './formats/gzip.ts'
import { libarchive } from './formats/libarchive.ts'
import { mime } from './formats/mime.ts'
import { docx, opc, pptx, vsdx, xlsb, xlsx, xps } from './formats/ooxml.ts'
import { tar } from './formats/tar.ts'
import { text } from './formats/text.ts'
import { zip } from './formats/zip.ts'

/** Every format the extractor reads, one a line. A media type belongs to the first that takes it. */
const formats = [
  //
  mime,
  text,
  zip,
  gzip,
  tar,
  brotli,
  bzip2,
  compress,
  lz4,
  lzma,
  xz,
  zlibStream,
  zstd,
  libarchive,
  docx,
  xlsx,
  xlsb,
  pptx,
  vsdx,
  xps,
  opc,
] as const satisfies readonly Format[]

const byType = new Map<string, Format>()
for (const format of formats as readonly Format[]) {
  for (const type of format.types) if (!byType.has(type)) byType.set(type, format)
}

/** The format that reads `type`; any `text/*` without one of its own is plain text. Undefined: unsupported. */
export function formatFor(type: string): Format | undefined {
  return byType.get(type) ?? (type.startsWith('text/') ? text : undefined)
}

export function allFormats(): readonly Format[] {
  return formats
}
