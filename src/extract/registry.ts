import type { Format } from './format.ts'
import { appleDouble, dsStore, propertyList } from './formats/apple.ts'
import { certificate } from './formats/certificate.ts'
import { cms } from './formats/cms.ts'
import { brotli, bzip2, compress, lz4, lzip, lzma, xz, zlibStream, zstd } from './formats/compressed.ts'
import { csv } from './formats/csv.ts'
import { dbase } from './formats/dbase.ts'
import { epub } from './formats/epub.ts'
import { flatOpc } from './formats/flat-opc.ts'
import { form } from './formats/form.ts'
import { formData } from './formats/form-data.ts'
import { gzip } from './formats/gzip.ts'
import { html } from './formats/html.ts'
import { image, metafile } from './formats/image.ts'
import { iso } from './formats/iso.ts'
import { iwork } from './formats/iwork.ts'
import { json } from './formats/json.ts'
import { libarchive } from './formats/libarchive.ts'
import { lotus } from './formats/lotus.ts'
import { mbox } from './formats/mbox.ts'
import { mime } from './formats/mime.ts'
import { flatOdf, odf } from './formats/odf.ts'
import { excelXml, wordXml } from './formats/office-xml.ts'
import { doc, msg, olePackage, ppt, pub, vba, vsd, wps, xls } from './formats/ole.ts'
import { oneNote } from './formats/onenote.ts'
import { docx, opc, pptx, vsdx, xlsb, xlsx, xps } from './formats/ooxml.ts'
import { cbor, messagePack } from './formats/packed.ts'
import { pdf } from './formats/pdf.ts'
import { pgp } from './formats/pgp.ts'
import { program } from './formats/program.ts'
import { rtf } from './formats/rtf.ts'
import { sealed } from './formats/sealed.ts'
import { shortcut } from './formats/shortcut.ts'
import { sqlite } from './formats/sqlite.ts'
import { tar } from './formats/tar.ts'
import { text } from './formats/text.ts'
import { tnef } from './formats/tnef.ts'
import { vobject } from './formats/vobject.ts'
import { wordPerfect } from './formats/wordperfect.ts'
import { xml } from './formats/xml.ts'
import { zip } from './formats/zip.ts'

/** Every format the extractor reads, one a line. A media type belongs to the first that takes it. */
const formats = [
  //
  mime,
  text,
  html,
  json,
  csv,
  vobject,
  mbox,
  form,
  formData,
  cms,
  pgp,
  sealed,
  zip,
  gzip,
  tar,
  brotli,
  bzip2,
  compress,
  lz4,
  lzip,
  lzma,
  xz,
  zlibStream,
  zstd,
  iso,
  libarchive,
  docx,
  xlsx,
  xlsb,
  pptx,
  vsdx,
  xps,
  opc,
  flatOpc,
  wordXml,
  excelXml,
  xml,
  doc,
  xls,
  ppt,
  msg,
  vsd,
  pub,
  wps,
  vba,
  olePackage,
  tnef,
  image,
  metafile,
  pdf,
  rtf,
  odf,
  flatOdf,
  iwork,
  epub,
  wordPerfect,
  lotus,
  dbase,
  oneNote,
  appleDouble,
  dsStore,
  propertyList,
  sqlite,
  cbor,
  messagePack,
  shortcut,
  program,
  certificate,
] as const satisfies readonly Format[]

const byType = new Map<string, Format>()
for (const format of formats as readonly Format[]) {
  for (const type of format.types) if (!byType.has(type)) byType.set(type, format)
}

/** The format that reads `type`; any `text/*` without one of its own is plain text. Undefined: unsupported. */
export function formatFor(type: string): Format | undefined {
  const own = byType.get(type)
  if (own) return own
  if (/[+-](?:xml|json)$/.test(type)) return type.endsWith('xml') ? xml : json
  return type.startsWith('text/') || readableAsText.has(type) ? text : undefined
}

/** Text by another name. */
const readableAsText = new Set([
  'application/yaml',
  'application/x-tex',
  'application/postscript',
  'application/javascript',
])

/**
 * Read where the walker runs: text in our own memory-safe code, and most of all mail. Whatever else there is, a format
 * added tomorrow included, is read in the sandbox.
 */
const readInPlace: ReadonlySet<Format> = new Set<Format>([
  mime,
  text,
  html,
  json,
  csv,
  vobject,
  mbox,
  form,
  formData,
  xml,
  cms,
  sealed,
])

/** Read as one text, so that the beginning of a file without its end can be read as well. */
const textual: ReadonlySet<Format> = new Set<Format>([text, html, json, csv, vobject, form, xml])

export function isTextual(format: Format): boolean {
  return textual.has(format)
}

/** Whether the format is read in the sandbox, where there is one. */
export function isSandboxed(format: Format): boolean {
  return !readInPlace.has(format)
}

export function allFormats(): readonly Format[] {
  return formats
}
